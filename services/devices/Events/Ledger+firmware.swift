import FoundationEssentials
import Postgres

/// What the audit trail keeps of firmware. Other services hear of it by the version that devices have.
extension Ledger {
    func uploaded(_ firmware: Firmware, _ cause: Cause) throws -> SQL {
        try audit("firmware.uploaded", firmware.id, firmware.organizationID, cause, firmware)
    }

    func madeCurrent(_ firmware: Firmware, _ cause: Cause) throws -> SQL {
        try audit("firmware.made_current", firmware.id, firmware.organizationID, cause, firmware)
    }

    func withdrew(_ firmware: Firmware, _ cause: Cause) throws -> SQL {
        try audit("firmware.withdrawn", firmware.id, firmware.organizationID, cause, firmware)
    }

    func deleted(_ firmware: Firmware, _ cause: Cause) throws -> SQL {
        try audit("firmware.deleted", firmware.id, firmware.organizationID, cause, firmware)
    }

    /// A device has applied a firmware, or failed to.
    func reported(
        _ report: FirmwareUpdateReport, by device: UUID, in organization: UUID, _ cause: Cause
    ) throws -> SQL {
        try audit(
            "device.firmware_\(report.state.rawValue)", device, organization, cause,
            ["firmware_version": report.version.text, "error": report.error])
    }
}
