/// In what a projection differs from what its owner has.
struct ProjectionDifferences: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        /// The owner has it, the projection does not know it.
        case missing
        /// The projection knows it, the owner has it no more.
        case leftOver = "left over"
        /// The projection knows it as it no longer is.
        case outdated
    }

    let projection: Projection
    /// By kind, as subjects of events have them.
    private(set) var subjects: [Kind: Set<String>] = [:]

    /// - Parameter rows: As ``Projection/differences`` selects them.
    init(_ projection: Projection, _ rows: [(subject: String, kind: String)]) {
        self.projection = projection
        for (subject, kind) in rows {
            if let kind = Kind(rawValue: kind) { subjects[kind, default: []].insert(subject) }
        }
    }

    var isEmpty: Bool { subjects.values.allSatisfy(\.isEmpty) }

    /// What is among `later` ones, too.
    func standing(with later: ProjectionDifferences) -> ProjectionDifferences {
        var standing = self
        for (kind, subjects) in subjects { standing.subjects[kind] = subjects.intersection(later.subjects[kind] ?? []) }
        return standing
    }

    var finding: Finding {
        let (keeper, kind) = (projection.keeper, projection.kind)
        let counts = Kind.allCases.compactMap { kind -> String? in
            guard let subjects = subjects[kind], let example = subjects.min() else { return nil }
            return "\(subjects.count) \(kind.rawValue), such as \(example)"
        }
        return .problem(
            "projections",
            "\(keeper) does not know all \(kind) as the devices service has them: "
                + counts.joined(separator: "; "),
            advice: "While all services run, type: lms events rebuild \(keeper)")
    }
}
