import Foundation
import HTTPKit
import Kernel

/// The fields by which a project is made and changed.
struct ProjectForm: Sendable {
    let message: String?
    let name: Field
    let description: Field
    let statuses: [Choice]
    let statusError: String?
    /// Who may lead it; none where the caller may not see the members.
    let leads: [Choice]
    let hasLeads: Bool
    let leadError: String?

    /// - Parameters:
    ///   - project: The one that is changed; nil for a new one.
    ///   - people: The members of the organization, as far as the caller may see them.
    init(_ form: FormState, _ project: Project?, people: [Member]) {
        let profile = project?.profile
        message = form.message
        name = form.field("name", called: "The name", profile?.name ?? "")
        description = form.field("description", called: "The description", profile?.description ?? "")
        let status = form.field("status", called: "The status", (profile?.status ?? .active).rawValue)
        statuses = ProjectStatus.choices(status.value)
        statusError = status.error
        let lead = form.field("project_lead_id", called: "The lead", profile?.leadID?.text ?? "")
        var choices = people.map { member in
            let id = member.userID.text
            return Choice(value: id, title: "\(member.name) (\(member.email))", isChosen: id == lead.value)
        }
        // A lead whom the list is too short for stays one.
        if !people.isEmpty, let id = profile?.leadID, !people.contains(where: { $0.userID == id }) {
            choices.append(Choice(value: id.text, title: "The present lead", isChosen: id.text == lead.value))
        }
        leads = choices
        hasLeads = !leads.isEmpty
        leadError = lead.error
    }
}

extension ProjectStatus {
    /// As a person reads it.
    var title: String {
        switch self {
        case .active: "Active"
        case .onHold: "On hold"
        case .completed: "Completed"
        case .archived: "Archived"
        }
    }

    static func choices(_ chosen: String) -> [Choice] {
        allCases.map { Choice(value: $0.rawValue, title: $0.title, isChosen: $0.rawValue == chosen) }
    }

    /// The class of its badge.
    var tone: String {
        switch self {
        case .active: "online"
        case .onHold: "pending"
        case .completed: "info"
        case .archived: "archived"
        }
    }
}

extension ProjectInput {
    /// The form's fields as the API takes them; what the form does not ask for stays as `project` has it.
    ///
    /// - Throws: 422 for a status and a lead that are none.
    init(_ form: FormFields, changing profile: ProjectProfile? = nil) throws(Problem) {
        guard let status = ProjectStatus(rawValue: form["status"] ?? "") else {
            throw .invalid("status", "must be one of those offered")
        }
        let lead: UUID?
        switch form["project_lead_id"] {
        case nil: lead = profile?.leadID
        case "": lead = nil
        case let text?:
            guard let id = UUID(uuidString: text) else { throw ProjectError.leadIsNoMember.problem }
            lead = id
        }
        self.init(
            // A form has CRLF for what others write as LF.
            name: form["name"] ?? "", description: form["description"]?.replacing("\r\n", with: "\n"), status: status,
            leadID: lead,
            properties: profile?.properties)
    }
}
