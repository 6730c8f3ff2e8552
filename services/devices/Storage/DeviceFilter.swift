import FoundationEssentials
import HTTPKit
import Identity
import Postgres

/// Which devices a list shows, or an order is for; a filter with several values takes any of them.
struct DeviceFilter: Sendable {
    var ids: [UUID] = []
    var statuses: [DeviceStatus] = []
    var types: [String] = []
    var projects: [UUID] = []
    var tags: [String] = []
    /// A part of the name, description, type, model, serial number, MAC address or location, in any case.
    var text: String?
    var visibility = DeviceVisibility.all

    /// `AND …` for each, as one organization, and where the page begins, which is the end of the statement.
    func conditions(_ page: PageRequest<UUID>) -> SQL {
        if !tags.isEmpty || text != nil { return " AND id IN (SELECT \(search(page))) \(page.keyset())" }
        var conditions = columnConditions
        if case .only(let devices, let projects) = visibility {
            conditions = conditions + " AND (id = ANY(\(devices)) OR project_id = ANY(\(projects)))"
        }
        return conditions + " \(page.keyset())"
    }

    /// The ids of a page of what is searched for by tag or text.
    ///
    /// Under row security no index serves such conditions, and the function sees only what it is given: all filters,
    /// so that it need not find more than the page.
    private func search(_ page: PageRequest<UUID>) -> SQL {
        let (visibleDevices, visibleProjects): ([UUID]?, [UUID]?) =
            switch visibility {
            case .all: (nil, nil)
            case .only(let devices, let projects): (devices, projects)
            }
        return """
            devices.search(
                \(tags.orNil), \(text.map(Self.pattern(containing:))), \(ids.orNil),
                \(statuses.map(\.rawValue).orNil), \(types.orNil), \(projects.orNil), \(visibleDevices),
                \(visibleProjects), \(page.after), \(page.order == .descending), \(page.fetchLimit))
            """
    }

    /// `AND …` for each, over all organizations, where no row security keeps the indexes from serving.
    ///
    /// - Parameter organizations: Those that are shown; none for all.
    func conditions(in organizations: [UUID]) -> SQL {
        var conditions = columnConditions
        if !organizations.isEmpty {
            conditions = conditions + " AND \(.isOne(of: organizations, "organization_id"))"
        }
        if !tags.isEmpty { conditions = conditions + " AND tags && \(tags)" }
        if let text { conditions = conditions + " AND search_text LIKE lower(\(Self.pattern(containing: text)))" }
        return conditions
    }

    private var columnConditions: SQL {
        var conditions: SQL = ""
        if !ids.isEmpty { conditions = conditions + " AND \(.isOne(of: ids, "id"))" }
        if !statuses.isEmpty { conditions = conditions + " AND \(.isOne(of: statuses.map(\.rawValue), "status"))" }
        if !types.isEmpty { conditions = conditions + " AND \(.isOne(of: types, "device_type"))" }
        if !projects.isEmpty { conditions = conditions + " AND \(.isOne(of: projects, "project_id"))" }
        return conditions
    }

    /// The LIKE pattern of texts that contain `text`.
    static func pattern(containing text: String) -> String {
        var pattern = "%"
        for character in text {
            if character == "%" || character == "_" || character == "\\" { pattern.append("\\") }
            pattern.append(character)
        }
        return pattern + "%"
    }
}

extension Array {
    /// Nil where there is none, which is what a condition that does not apply is to the database.
    fileprivate var orNil: [Element]? { isEmpty ? nil : self }
}

extension SQL {
    /// `column` is one of `values`: written as an equation where there is only one, since then an index also gives the
    /// order.
    static func isOne<Value: PostgresScalar>(of values: [Value], _ column: SQL) -> SQL {
        if let value = values.first, values.count == 1 { return "\(column) = \(value)" }
        return "\(column) = ANY(\(values))"
    }
}
