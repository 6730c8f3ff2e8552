import HTTPKit

extension DeviceError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound()
        case .serialNumberTaken: .conflict("Another device of the organization has this serial number.")
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
        }
    }
}

extension CommandTemplateError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound()
        case .nameTaken: .conflict("Another command template of the organization has this name.")
        case .stale: .preconditionFailed()
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
