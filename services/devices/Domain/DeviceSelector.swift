import FoundationEssentials
import Kernel

/// Which devices an order is for; a filter with several values takes any of them, and all filters together must hold.
struct DeviceSelector: Sendable, Hashable {
    /// Said in so many words by who means every device: no filter at all may be an oversight.
    var all: Bool?
    var ids: [UUID]?
    var types: [String]?
    var projects: [UUID]?
    var tags: [String]?
    var statuses: [DeviceStatus]?
    /// As ``DeviceFilter/text``.
    var text: String?

    var hasFilters: Bool {
        ids != nil || types != nil || projects != nil || tags != nil || statuses != nil || text != nil
    }
}

extension DeviceSelector: Codable {
    private enum CodingKeys: String, CodingKey {
        case all, tags, statuses
        case ids = "device_ids"
        case types = "device_types"
        case projects = "project_ids"
        case text = "q"
    }

    /// As the API answers it and as it is stored: what there is none of is left out.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(all, forKey: .all)
        try container.encodeIfPresent(ids?.map(\.text), forKey: .ids)
        try container.encodeIfPresent(types, forKey: .types)
        try container.encodeIfPresent(projects?.map(\.text), forKey: .projects)
        try container.encodeIfPresent(tags, forKey: .tags)
        try container.encodeIfPresent(statuses, forKey: .statuses)
        try container.encodeIfPresent(text, forKey: .text)
    }
}
