/// What a check found.
struct Finding: Sendable, Hashable {
    enum Verdict: Sendable, Hashable {
        case ok
        /// Something works less well than it could.
        case note(advice: String)
        /// Something does not work, and what to type about it.
        case problem(advice: String)
    }

    let subject: String
    let detail: String
    let verdict: Verdict

    static func ok(_ subject: String, _ detail: String) -> Finding {
        Finding(subject: subject, detail: detail, verdict: .ok)
    }

    static func note(_ subject: String, _ detail: String, advice: String) -> Finding {
        Finding(subject: subject, detail: detail, verdict: .note(advice: advice))
    }

    static func problem(_ subject: String, _ detail: String, advice: String) -> Finding {
        Finding(subject: subject, detail: detail, verdict: .problem(advice: advice))
    }

    var isProblem: Bool {
        if case .problem = verdict { true } else { false }
    }

    /// One line, and one more with what to type.
    var lines: [String] {
        let head = { (mark: String) in "\(mark)  \(subject): \(detail)" }
        return switch verdict {
        case .ok: [head("ok     ")]
        case .note(let advice): [head("note   "), "         \(advice)"]
        case .problem(let advice): [head("problem"), "         \(advice)"]
        }
    }
}

/// How many connections an installation may open, and how many the database has.
struct ConnectionBudget: Sendable, Hashable {
    /// Copies of each service.
    let instances: Int
    /// Services with a database.
    let services: Int
    /// The most connections of one process.
    let pool: Int
    /// What the server has for ordinary roles.
    let available: Int

    var needed: Int { instances * services * pool }

    var finding: Finding {
        let sum = "\(services) services × \(instances) × \(pool) connections = \(needed) of \(available)"
        return needed < available
            ? .ok("connections", sum)
            : .problem(
                "connections", sum,
                advice: "Raise max_connections of PostgreSQL above \(needed), or put PgBouncer in front of it.")
    }
}
