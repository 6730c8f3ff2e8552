import HTTPKit

extension QueryParameters {
    private static let maximumSignatureLength = 2048

    /// What the query says of the firmware whose image is the body, and the SHA-256 that the image must have, if any.
    ///
    /// - Throws: 422 with the fields at fault.
    func firmware() throws -> (label: FirmwareLabel, sha256: String?) {
        let type = self["device_type"]?.trimmed ?? ""
        let version = self["firmware_version"].flatMap { FirmwareVersion($0.trimmed) }
        let sha256 = self["sha256"]?.trimmed.lowercased()
        try validate { check in
            check.token(type, "device_type")
            check.require(
                version != nil, "firmware_version",
                "must be a version such as 1.4.2, 1.4.2-rc.1 or 1.4.2+5114f85, of at most"
                    + " \(FirmwareVersion.maximumLength) characters")
            check.length(of: self["description"], 0...2000, "description")
            check.length(of: self["signature"], 1...Self.maximumSignatureLength, "signature")
            check.require(
                sha256.map { $0.utf8.count == 64 && $0.allSatisfy(\.isHexDigit) } ?? true, "sha256",
                "must be 64 hexadecimal digits")
        }
        guard let version else { throw Problem.invalid("firmware_version", "is required") }
        return (
            FirmwareLabel(
                deviceType: type, version: version, description: self["description"]?.trimmed ?? "",
                signature: self["signature"]),
            sha256
        )
    }
}
