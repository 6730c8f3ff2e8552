import EventBus
import Foundation
import Kernel

/// What this service tells the others of projects.
extension Event {
    /// - Parameter change: `created` or `updated`.
    static func project(_ change: String, _ project: Project, by user: UUID) throws -> Event {
        try Event(
            source: .auth, type: "project.\(change)", subject: project.id.text, subjectVersion: project.version,
            organizationID: project.organizationID, actor: "user:\(user.text)", data: project)
    }

    static func projectDeleted(_ project: Project, by user: UUID) throws -> Event {
        try Event(
            source: .auth, type: "project.deleted", subject: project.id.text, subjectVersion: project.version + 1,
            organizationID: project.organizationID, actor: "user:\(user.text)",
            data: ["id": project.id.text, "organization_id": project.organizationID.text])
    }
}
