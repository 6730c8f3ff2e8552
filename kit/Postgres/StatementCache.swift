/// The statements prepared on one connection.
///
/// A name is only used once the server has confirmed it, since a `PREPARE` that is skipped behind a failed statement
/// of its pipeline would leave the name dangling; until then, and beyond the capacity, statements go out unnamed.
struct StatementCache {
    enum Plan: Equatable {
        /// Execute what was prepared under this name.
        case execute(name: String)
        /// Prepare under this name, then execute; answer with ``confirm(_:)`` or ``forget(_:)``.
        case prepare(name: String)
        case unnamed
    }

    private enum Entry {
        case preparing
        case prepared(name: String)
    }

    private let capacity: Int
    private var entries: [Statement.Key: Entry] = [:]
    private var names = 0

    init(capacity: Int = 256) {
        self.capacity = capacity
    }

    mutating func plan(_ key: Statement.Key) -> Plan {
        switch entries[key] {
        case .prepared(let name): return .execute(name: name)
        case .preparing: return .unnamed
        case nil where entries.count >= capacity: return .unnamed
        case nil:
            names += 1
            entries[key] = .preparing
            return .prepare(name: "s\(names)")
        }
    }

    /// The server has prepared it.
    mutating func confirm(_ key: Statement.Key, name: String) {
        entries[key] = .prepared(name: name)
    }

    /// The server refused or skipped it.
    mutating func forget(_ key: Statement.Key) {
        entries[key] = nil
    }
}
