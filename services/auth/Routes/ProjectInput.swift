import Foundation
import HTTPKit
import Kernel

/// A project as a client writes it.
struct ProjectInput: Decodable, Sendable {
    let name: String
    let description: String?
    let status: ProjectStatus?
    let leadID: UUID?
    let properties: [String: AnyJSON]?

    enum CodingKeys: String, CodingKey {
        case name, description, status, properties
        case leadID = "project_lead_id"
    }
}

extension ProjectProfile {
    /// - Parameter status: Where the input says none.
    /// - Throws: 422 with everything that is wrong.
    init(_ input: ProjectInput, status: ProjectStatus = .active) throws {
        var check = Validation()
        let name = DisplayName(input.name)
        check.require(name != nil, "name", DisplayName.rule)
        check.length(of: input.description, 0...CustomEntity.maximumDescription, "description")
        check.properties(input.properties ?? [:])
        guard check.errors.isEmpty, let name else { throw Problem.invalid(check.errors) }
        self.init(
            name: name.text, description: input.description ?? "", status: input.status ?? status,
            leadID: input.leadID, properties: input.properties ?? [:])
    }
}

extension ProjectError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound()
        case .stale: .preconditionFailed()
        case .leadIsNoMember: .invalid("project_lead_id", "must be a member of the organization")
        }
    }
}
