import FoundationEssentials
import Kernel

/// A rule's scope as JSON: exactly one of the keys.
struct RuleScopeDocument: Codable, Sendable {
    let all: Bool?
    let deviceIDs: [String]?
    let tags: [String]?
    let projectID: String?

    enum CodingKeys: String, CodingKey {
        case all, tags
        case deviceIDs = "device_ids"
        case projectID = "project_id"
    }

    init(_ scope: RuleScope) {
        var (all, devices, tags, project) = (Bool?.none, [String]?.none, [String]?.none, String?.none)
        switch scope {
        case .all: all = true
        case .devices(let ids): devices = ids.map(\.text).sorted()
        case .tags(let names): tags = names.sorted()
        case .project(let id): project = id.text
        }
        (self.all, deviceIDs, self.tags, projectID) = (all, devices, tags, project)
    }

    /// The scope this stands for; nil when it stands for none.
    var scope: RuleScope? {
        switch (all, deviceIDs, tags, projectID) {
        case (true, nil, nil, nil): return .all
        case (nil, let texts?, nil, nil):
            let ids = texts.compactMap(UUID.init(uuidString:))
            return ids.count == texts.count ? .devices(Set(ids)) : nil
        case (nil, nil, let tags?, nil): return .tags(Set(tags))
        case (nil, nil, nil, let text?): return UUID(uuidString: text).map(RuleScope.project)
        default: return nil
        }
    }
}
