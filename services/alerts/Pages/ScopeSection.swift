import FoundationEssentials
import HTTPKit

/// What a scope can be chosen from.
struct ScopeChoices: Sendable {
    let devices: [DirectoryStore.Entry]
    let projects: [DirectoryStore.Entry]

    static let none = ScopeChoices(devices: [], projects: [])
}

/// The fields that say which devices something is for; `scope.mustache` shows them.
struct ScopeSection: Sendable {
    /// What the ids of its elements begin with.
    let scopeID: String
    let scopes: [Choice]
    let devices: [Choice]
    let devicesError: String?
    /// Whether there are devices that are not offered.
    let hasMoreDevices: Bool
    let tags: LineField
    let projects: [Choice]
    let hasProjects: Bool
    let projectError: String?

    /// - Parameter id: What the ids of its elements begin with.
    init(_ draft: ScopeDraft, _ choices: ScopeChoices, id: String, _ form: FormState) {
        scopeID = id
        scopes = ScopeDraft.Kind.allCases.map {
            Choice(value: $0.rawValue, title: $0.title, isChosen: $0 == draft.kind)
        }
        devices = choices.devices.choices(Set(draft.deviceIDs))
        devicesError = form.field("scope.device_ids", called: "The list of devices").error
        hasMoreDevices = choices.devices.count >= DirectoryStore.most
        tags = LineField(
            name: "scope.tags", id: "\(id)-tags", label: "Tags", hint: "With commas between.", isRequired: false,
            inputMode: "text", value: draft.tags, error: form.field("scope.tags", called: "The list of tags").error,
            dependsOnChoice: true)
        projects = choices.projects.choices([draft.projectID])
        hasProjects = !projects.isEmpty
        projectError = form.field("scope.project_id", called: "The project").error
    }
}

extension ScopeDraft.Kind {
    fileprivate var title: String {
        switch self {
        case .all: "All devices"
        case .devices: "These devices"
        case .tags: "Devices with any of these tags"
        case .project: "The devices of a project"
        }
    }
}
