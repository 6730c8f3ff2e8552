/// A form of a page that was sent and refused.
public struct RefusedForm<Name: Hashable & Sendable>: Sendable {
    public let name: Name
    public let fields: FormFields
    public let problem: Problem

    public init(name: Name, fields: FormFields, problem: Problem) {
        self.name = name
        self.fields = fields
        self.problem = problem
    }
}

/// A form as it is shown: fresh, or with what was typed and why that was refused.
public struct FormState: Sendable {
    private let typed: FormFields?
    private let problem: Problem?

    /// The state of the form called `name` on a page that shows `refused`.
    public init<Name>(of name: Name, _ refused: RefusedForm<Name>?) {
        let own = refused?.name == name ? refused : nil
        typed = own?.fields
        problem = own?.problem
    }

    public var isRefused: Bool { problem != nil }

    /// Why the form was refused, where no field is to blame.
    public var message: String? {
        guard let problem, problem.errors.isEmpty else { return nil }
        return problem.detail ?? problem.title
    }

    /// - Parameters:
    ///   - title: What an objection calls it.
    ///   - current: What it holds in a fresh form.
    public func field(_ name: String, called title: String, _ current: String = "") -> Field {
        Field(value: typed.map { $0[name] ?? "" } ?? current, error: objection(to: name, called: title))
    }

    /// A field whose value is not sent back.
    public func secret(_ name: String, called title: String) -> Field {
        Field(value: "", error: objection(to: name, called: title))
    }

    /// Which of some values, of which a field takes several, are chosen.
    public func chosen(_ name: String) -> Set<String> { Set(typed?.values(of: name) ?? []) }

    /// What is wrong with the field or a part of what it holds, in a sentence.
    private func objection(to name: String, called title: String) -> String? {
        for error in problem?.errors ?? [] {
            if error.field == name || error.field.hasPrefix(name + "[") { return "\(title) \(error.message)." }
            if error.field.hasPrefix(name + ".") {
                return "\(title) is wrong at \(error.field.dropFirst(name.count + 1)): it \(error.message)."
            }
        }
        return nil
    }
}

/// A field of a form.
public struct Field: Sendable {
    public let value: String
    /// What is wrong with it.
    public let error: String?
}

/// One of the values that a field offers.
public struct Choice: Sendable {
    public let value: String
    public let title: String
    public let isChosen: Bool

    public init(value: String, title: String, isChosen: Bool) {
        self.value = value
        self.title = title
        self.isChosen = isChosen
    }
}
