import HTTPKit

extension OrganizationError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound()
        case .forbidden: .forbidden()
        case .stale: .preconditionFailed()
        case .lastOwner: .conflict("The organization would be without an owner; make another member one first.")
        case .secondFactorRequired: .forbidden("This takes a second factor; set one up in your profile.")
        case .nameMismatch: .invalid("name", "must be the name of the organization")
        case .notBeingDeleted: .conflict("The organization is not being deleted, or cannot be restored any more.")
        case .noSuccessor: .invalid("user_id", "must be another member of the organization")
        }
    }
}
