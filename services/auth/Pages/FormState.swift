import HTTPKit

/// A form of a page that was sent and refused.
struct RefusedForm<Name: Hashable & Sendable>: Sendable {
    let name: Name
    let fields: FormFields
    let problem: Problem
}

/// A form as it is shown: fresh, or with what was typed and why that was refused.
struct FormState: Sendable {
    private let typed: FormFields?
    private let problem: Problem?

    /// The state of the form called `name` on a page that shows `refused`.
    init<Name>(of name: Name, _ refused: RefusedForm<Name>?) {
        let own = refused?.name == name ? refused : nil
        typed = own?.fields
        problem = own?.problem
    }

    var isRefused: Bool { problem != nil }

    /// Why the form was refused, where no field is to blame.
    var message: String? {
        guard let problem, problem.errors.isEmpty else { return nil }
        return problem.detail ?? problem.title
    }

    /// - Parameters:
    ///   - title: What an objection calls it.
    ///   - current: What it holds in a fresh form.
    func field(_ name: String, called title: String, _ current: String = "") -> Field {
        Field(value: typed.map { $0[name] ?? "" } ?? current, error: objection(to: name, called: title))
    }

    /// A field whose value is not sent back.
    func secret(_ name: String, called title: String) -> Field {
        Field(value: "", error: objection(to: name, called: title))
    }

    /// Which of some values, of which a field takes several, are chosen.
    func chosen(_ name: String) -> Set<String> { Set(typed?.values(of: name) ?? []) }

    /// What is wrong with the field or one of its elements, in a sentence.
    private func objection(to name: String, called title: String) -> String? {
        problem?.errors.first { $0.field == name || $0.field.hasPrefix(name + "[") }.map { "\(title) \($0.message)." }
    }
}

/// A field of a form.
struct Field: Sendable {
    let value: String
    /// What is wrong with it.
    let error: String?
}
