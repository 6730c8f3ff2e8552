import HTTPKit

/// The body of a device's report on the firmware that it goes for.
struct FirmwareReportBody: Sendable, Decodable {
    let firmwareVersion: String
    let state: FirmwareUpdate.State
    /// Percent of the download.
    let progress: Int?
    let error: String?

    private enum CodingKeys: String, CodingKey {
        case state, progress, error
        case firmwareVersion = "firmware_version"
    }

    /// - Throws: 422 with the fields at fault.
    func report() throws -> FirmwareUpdateReport {
        let version = FirmwareVersion(firmwareVersion.trimmed)
        try validate { check in
            check.require(version != nil, "firmware_version", "must be a version such as 1.4.2")
            check.range(of: progress, 0...100, "progress")
            check.length(of: error, 1...2000, "error")
            check.require(state != .failed || error != nil, "error", "is required where it failed")
        }
        guard let version else { throw Problem.invalid("firmware_version", "is required") }
        return FirmwareUpdateReport(
            version: version, state: state, progress: state == .applied ? 100 : progress,
            error: state == .failed ? error : nil)
    }
}
