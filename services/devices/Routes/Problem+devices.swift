import HTTPKit

extension DeviceError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound()
        case .serialNumberTaken: .conflict("Another device of the organization has this serial number.")
        case .limitReached(let plan, let limit):
            .limitReached("devices", "The plan '\(plan)' allows \(limit) devices, and there are as many.")
        case .stale: .preconditionFailed()
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
