import Foundation
import HTTPKit
import Identity
import Kernel

/// What a form of the projects' pages has done.
enum ProjectNotice: String, Notice {
    case created
    case saved
    case deleted

    var text: String {
        switch self {
        case .created: "The project has been made."
        case .saved: "The project has been saved."
        case .deleted: "The project has been deleted."
        }
    }
}

/// The forms of a project's page.
enum ProjectFormName: Sendable {
    case profile, deletion
}

/// What `projects.mustache` reads as `page`.
struct ProjectsPage: Sendable {
    struct Item: Sendable {
        let path: String
        let name: String
        let description: String?
        let status: String
        let tone: String
        let lead: String?
        let changed: Moment
    }

    let frame: PageFrame
    let items: [Item]
    let hasItems: Bool
    let pager: Pager?
    let statuses: [Choice]
    let text: String
    let isFiltered: Bool
    /// For another project; nil for who may make none.
    let form: ProjectForm?

    /// - Parameters:
    ///   - filter: What the list shows.
    ///   - form: As it is shown to who may make a project.
    init(
        _ projects: ListPart<Project>, filter: ProjectFilter, people: [Member], frame: PageFrame, form: FormState?
    ) {
        let names = Dictionary(people.map { ($0.userID, $0.name) }, uniquingKeysWith: { $1 })
        self.frame = frame
        items = projects.items.map { project in
            Item(project, lead: project.profile.leadID.flatMap { names[$0] })
        }
        hasItems = !items.isEmpty
        pager = Pager(
            "Projects", of: "/projects" + filter.query, cursor: "cursor", next: projects.next,
            isFirst: projects.isFirst, anchor: "projects")
        statuses = ProjectStatus.choices(filter.statuses.first?.rawValue ?? "")
        text = filter.text ?? ""
        isFiltered = !filter.statuses.isEmpty || filter.text != nil
        self.form = form.map { ProjectForm($0, nil, people: people) }
    }
}

extension ProjectsPage.Item {
    fileprivate init(_ project: Project, lead: String?) {
        path = "/projects/\(project.id.text)"
        name = project.profile.name
        description = project.profile.description.isEmpty ? nil : project.profile.description
        status = project.profile.status.title
        tone = project.profile.status.tone
        self.lead = lead
        changed = Moment(project.lastUpdated)
    }
}

extension ProjectFilter {
    /// The query of the page that shows the same.
    fileprivate var query: String {
        var fields = statuses.map { "status=\($0.rawValue)" }
        if let text = text?.addingPercentEncoding(withAllowedCharacters: .alphanumerics) { fields.append("q=\(text)") }
        return fields.isEmpty ? "" : "?" + fields.joined(separator: "&")
    }
}

/// What `project.mustache` reads as `page`.
struct ProjectPage: Sendable {
    let frame: PageFrame
    let path: String
    let name: String
    let description: String?
    let status: String
    let tone: String
    let lead: String?
    let created: Moment
    let changed: Moment
    let version: Int
    /// For changing it; nil for who may not.
    let form: ProjectForm?
    let mayDelete: Bool
    /// Why it was not deleted.
    let deletionError: String?

    /// - Parameters:
    ///   - role: The caller's on the project.
    ///   - mayDelete: Which takes a role in the organization.
    init(
        _ project: Project, role: Role, mayDelete: Bool, people: [Member], frame: PageFrame,
        refused: RefusedForm<ProjectFormName>?
    ) {
        let profile = project.profile
        self.frame = frame
        path = "/projects/\(project.id.text)"
        name = profile.name
        description = profile.description.isEmpty ? nil : profile.description
        status = profile.status.title
        tone = profile.status.tone
        lead = profile.leadID.flatMap { id in people.first { $0.userID == id }?.name }
        created = Moment(project.createdAt)
        changed = Moment(project.lastUpdated)
        version = project.version
        form = role >= .member ? ProjectForm(FormState(of: .profile, refused), project, people: people) : nil
        self.mayDelete = mayDelete
        deletionError = FormState(of: .deletion, refused).field("confirmed", called: "The box").error
    }
}
