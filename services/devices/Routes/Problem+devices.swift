import HTTPKit

extension DeviceError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound()
        case .serialNumberTaken: .conflict("Another device of the organization has this serial number.")
        case .templateNameTaken: .conflict("Another command template of the organization has this name.")
        case .limitReached(let plan, let limit):
            .limitReached("devices", "The plan '\(plan)' allows \(limit) devices, and there are as many.")
        case .stale: .preconditionFailed()
        case .unknownProject(let field): .invalid(field, "is no project of the organization")
        }
    }
}

extension CommandError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound()
        case .refused(let status): .conflict("The command is \(status.rawValue).")
        case .queueFull: .conflict("\(CommandQueue.capacity) commands wait for the device already.")
        }
    }
}

extension BulkCommandError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .noDevices: .invalid("selector", "takes no device of the organization")
        case .tooManyDevices: .invalid("selector", "takes more than \(BulkCommand.maximumDevices) devices")
        case .tooManyUnderWay:
            .tooManyRequests(
                retryAfter: 10, "\(BulkCommand.maximumUnderWay) bulk commands of the organization are under way.")
        case .done: .conflict("Of this bulk command every device has come to an end.")
        }
    }
}

extension FirmwareError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound()
        case .versionTaken: .conflict("There is a firmware of this version for devices of this type.")
        case .tooMany:
            .conflict(
                "The organization has \(Firmware.maximumPerOrganization) firmware images already; delete one.")
        case .stale: .preconditionFailed()
        case .tooLarge: Problem(.contentTooLarge, "The image is larger than \(Firmware.maximumSize) bytes.")
        case .cutOff: .badRequest("The body ends before all its bytes are there.")
        case .contentGone: .notFound("The image has been deleted.")
        }
    }
}

extension ProvisioningError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .refused: .unauthorized("The provisioning key is not valid.")
        case .tooManyKeys:
            .conflict(
                "The organization has \(ProvisioningKey.maximumPerOrganization) provisioning keys already; delete one.")
        }
    }
}

extension ClaimError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .unknownCode: .notFound("No device shows this code now.")
        case .tooManyGuesses(let wait):
            .tooManyRequests(retryAfter: Int(wait.components.seconds), "Too many codes were wrong.")
        case .claimedAlready: .conflict("The device has been claimed; an admin can make a code for it.")
        }
    }
}
