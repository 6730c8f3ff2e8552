import EventBus
import Foundation
import Kernel

/// What this service tells the others of projects.
extension Event {
    /// - Parameters:
    ///   - change: `created` or `updated`.
    ///   - user: Nil where it is told as it is, whoever made it so.
    static func project(_ change: String, _ project: Project, by user: UUID?) throws -> Event {
        try Event(
            source: .auth, type: "project.\(change)", subject: project.id.text, subjectVersion: project.version,
            organizationID: project.organizationID, actor: user.map { "user:\($0.text)" } ?? "system", data: project)
    }

    static func projectDeleted(_ project: Project, by user: UUID) throws -> Event {
        try Event(
            source: .auth, type: "project.deleted", subject: project.id.text, subjectVersion: project.version + 1,
            organizationID: project.organizationID, actor: "user:\(user.text)",
            data: ["id": project.id.text, "organization_id": project.organizationID.text])
    }
}
