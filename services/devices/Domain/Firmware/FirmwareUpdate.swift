import FoundationEssentials
import Postgres

/// How far a device is with the firmware that it last went for.
struct FirmwareUpdate: Sendable, Hashable {
    enum State: String, Sendable, Codable, CaseIterable {
        case downloading, applied, failed
    }

    let report: FirmwareUpdateReport
    /// When the device first said that it goes for this version.
    let beganAt: Timestamp
    let reportedAt: Timestamp
}

/// What a device says of it.
struct FirmwareUpdateReport: Sendable, Hashable {
    let version: FirmwareVersion
    let state: FirmwareUpdate.State
    /// Percent of the download.
    var progress: Int?
    /// Why it failed, in the device's words.
    var error: String?

    /// Whether this is an outcome that `earlier` did not tell of.
    func isNewOutcome(after earlier: FirmwareUpdateReport?) -> Bool {
        state != .downloading && (state != earlier?.state || version != earlier?.version)
    }
}

extension FirmwareUpdate: Encodable {
    private enum CodingKeys: String, CodingKey {
        case state, progress, error
        case firmwareVersion = "firmware_version"
        case beganAt = "began_at"
        case reportedAt = "reported_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(report.version.text, forKey: .firmwareVersion)
        try container.encode(report.state, forKey: .state)
        try container.encode(report.progress, forKey: .progress)
        try container.encode(report.error, forKey: .error)
        try container.encode(beganAt, forKey: .beganAt)
        try container.encode(reportedAt, forKey: .reportedAt)
    }
}
