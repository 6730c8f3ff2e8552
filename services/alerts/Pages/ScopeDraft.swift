import FoundationEssentials
import HTTPKit
import Kernel

/// Which devices a rule or a maintenance window is for, as its form has it: what was typed, be it right or wrong.
struct ScopeDraft: Sendable {
    enum Kind: String, CaseIterable {
        case all, devices, tags, project
    }

    var kind = Kind.all
    var deviceIDs: [String] = []
    /// With commas between.
    var tags = ""
    var projectID = ""

    init() {}

    init(_ form: FormFields) {
        kind = Kind(rawValue: form["scope"] ?? "") ?? .all
        deviceIDs = form.values(of: "scope.device_ids")
        tags = form["scope.tags"] ?? ""
        projectID = form["scope.project_id"] ?? ""
    }

    init(_ scope: RuleScope) {
        switch scope {
        case .all: kind = .all
        case .devices(let ids): (kind, deviceIDs) = (.devices, ids.map(\.text).sorted())
        case .tags(let names): (kind, tags) = (.tags, names.sorted().joined(separator: ", "))
        case .project(let id): (kind, projectID) = (.project, id.text)
        }
    }

    /// What the API takes; nil for what cannot be read. Whether the rest makes sense is for the input to tell.
    func document(_ check: inout Validation) -> RuleScopeDocument? {
        switch kind {
        case .all: return RuleScopeDocument(.all)
        case .devices: return RuleScopeDocument(.devices(Set(check.ids(deviceIDs, "scope.device_ids"))))
        case .tags:
            let names = tags.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
            return RuleScopeDocument(.tags(Set(names)))
        case .project:
            guard let id = UUID(uuidString: projectID) else {
                check.reject("scope.project_id", "must be one of those offered")
                return nil
            }
            return RuleScopeDocument(.project(id))
        }
    }
}

extension Validation {
    /// The ids of what was chosen.
    mutating func ids(_ texts: [String], _ field: String) -> [UUID] {
        let ids = texts.compactMap(UUID.init(uuidString:))
        require(ids.count == texts.count, field, "must be among those offered")
        return ids
    }
}
