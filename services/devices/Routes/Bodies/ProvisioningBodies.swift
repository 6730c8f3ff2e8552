import FoundationEssentials
import HTTPKit
import Kernel
import Outbound
import Postgres

/// The body of a request that makes a fleet key.
struct NewProvisioningKey: Sendable, Decodable {
    let name: String
    let maximumUses: Int?
    let expiresAt: Timestamp?
    let allowedCIDRs: [String]?
    let defaults: ProvisioningDefaults?

    private enum CodingKeys: String, CodingKey {
        case name, defaults
        case maximumUses = "max_uses"
        case expiresAt = "expires_at"
        case allowedCIDRs = "allowed_cidrs"
    }

    /// The terms that the body stands for.
    ///
    /// - Throws: 422 with the fields at fault.
    func terms(at now: Timestamp = .now) throws -> ProvisioningTerms {
        let name = name.trimmed
        let ranges = allowedCIDRs?.map { AddressRange($0.trimmed) }
        try validate { check in
            check.length(of: name, 1...200, "name")
            check.range(of: maximumUses, ProvisioningTerms.maximumUses, "max_uses")
            check.require(expiresAt.map { $0 > now } ?? true, "expires_at", "must be in the future")
            check.count(of: ranges, 1...50, "allowed_cidrs")
            for (index, range) in (ranges ?? []).enumerated() where range == nil {
                check.reject(
                    "allowed_cidrs[\(index)]", "must be a range of addresses such as 192.168.1.0/24 or 2001:db8::/32")
            }
            if let defaults { check.defaults(defaults) }
        }
        return ProvisioningTerms(
            name: name, maximumUses: maximumUses, expiresAt: expiresAt,
            allowedRanges: ranges?.compactMap(\.self), defaults: defaults ?? ProvisioningDefaults())
    }
}

extension Validation {
    /// What devices will be made of must do for a device.
    fileprivate mutating func defaults(_ defaults: ProvisioningDefaults) {
        var profile = BoardIdentity(serialNumber: "-").newProfile(defaults)
        profile.name = "-"
        var inner = Validation()
        inner.profile(profile)
        inner.json(defaults.config.map { .object($0) }, "config")
        for error in inner.errors { reject("defaults.\(error.field)", error.message) }
    }
}

/// The body of a board's request for its device.
struct ProvisionRequest: Sendable, Decodable {
    let provisioningKey: String
    let serialNumber: String
    let deviceType: String?
    let model: String?
    let macAddress: String?
    let firmwareVersion: String?

    private enum CodingKeys: String, CodingKey {
        case model
        case provisioningKey = "provisioning_key"
        case serialNumber = "serial_number"
        case deviceType = "device_type"
        case macAddress = "mac_address"
        case firmwareVersion = "firmware_version"
    }

    /// What the board says of itself.
    ///
    /// - Throws: 422 with the fields at fault.
    func board() throws -> BoardIdentity {
        var board = BoardIdentity(serialNumber: serialNumber.trimmed)
        board.deviceType = deviceType?.trimmed
        board.model = model?.trimmed
        board.macAddress = macAddress
        board.firmwareVersion = firmwareVersion?.trimmed
        try validate { $0.hardware(board.newProfile(ProvisioningDefaults())) }
        return board
    }
}

/// The body of a person's claim.
struct ClaimRequest: Sendable, Decodable {
    let code: String
    let projectID: UUID?

    private enum CodingKeys: String, CodingKey {
        case code
        case projectID = "project_id"
    }
}
