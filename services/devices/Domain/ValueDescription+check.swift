import FoundationEssentials
import HTTPKit
import Kernel

extension ValueDescription {
    /// Notes in what `value` is not as this describes, each with its path from `path` on.
    func check(_ value: AnyJSON, at path: String, _ errors: inout Validation) {
        guard !errors.isFull else { return }
        guard types.isEmpty || types.contains(where: { $0.includes(value) }) else {
            return errors.reject(path, "must be \(types.map(\.article).sorted().joined(separator: " or "))")
        }
        if let choices, !choices.contains(where: { $0.isSame(as: value) }) {
            errors.reject(path, "must be one of \(Self.written(choices))")
        }
        checkSize(of: value, at: path, &errors)
        switch value {
        case .integer, .number: checkRange(of: value.number ?? 0, at: path, &errors)
        case .array(let elements):
            guard let description = items.first else { return }
            for (index, element) in elements.enumerated() {
                description.check(element, at: "\(path)[\(index)]", &errors)
            }
        case .object(let members): checkMembers(members, at: path, &errors)
        case .null, .bool, .string: break
        }
    }

    private func checkRange(of number: Double, at path: String, _ errors: inout Validation) {
        if let minimum { errors.require(number >= minimum, path, "must be at least \(Self.written(minimum))") }
        if let maximum { errors.require(number <= maximum, path, "must be at most \(Self.written(maximum))") }
    }

    private func checkSize(of value: AnyJSON, at path: String, _ errors: inout Validation) {
        let (type, size, unit): (ValueType, Int, String)
        switch value {
        // JSON Schema counts the characters of RFC 8259, which are Unicode's scalars.
        case .string(let text): (type, size, unit) = (.string, text.unicodeScalars.count, "characters")
        case .array(let elements): (type, size, unit) = (.array, elements.count, "elements")
        default: return
        }
        guard let bounds = sizes[type] else { return }
        if let least = bounds.least { errors.require(size >= least, path, "must have at least \(least) \(unit)") }
        if let most = bounds.most { errors.require(size <= most, path, "must have at most \(most) \(unit)") }
    }

    private func checkMembers(_ members: [String: AnyJSON], at path: String, _ errors: inout Validation) {
        for name in required where members[name] == nil { errors.reject("\(path).\(name)", "is required") }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if let description = properties[name] {
                description.check(value, at: "\(path).\(name)", &errors)
            } else {
                errors.require(allowsOtherProperties, "\(path).\(name)", "is none of what may be here")
            }
        }
    }

    /// The first of them, as far as a person reads.
    private static func written(_ choices: [AnyJSON]) -> String {
        let shown = choices.prefix(10).compactMap { choice in
            (try? JSONEncoder().encode(choice)).map { String(String(decoding: $0, as: UTF8.self).prefix(64)) }
        }
        return (shown + (choices.count > shown.count ? ["…"] : [])).joined(separator: ", ")
    }

    private static func written(_ number: Double) -> String {
        Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }
}

extension ValueDescription.ValueType {
    func includes(_ value: AnyJSON) -> Bool {
        switch (self, value) {
        case (.object, .object), (.array, .array), (.string, .string), (.boolean, .bool), (.null, .null): true
        case (.number, .integer), (.number, .number), (.integer, .integer): true
        // 1.0 is an integer (JSON Schema Validation, section 6.1.1).
        case (.integer, .number(let number)): number == number.rounded()
        default: false
        }
    }

    var article: String {
        switch self {
        case .object, .array, .integer: "an \(rawValue)"
        case .null: rawValue
        case .string, .number, .boolean: "a \(rawValue)"
        }
    }
}

extension AnyJSON {
    /// Equal as JSON has it: 1 and 1.0 are one number.
    fileprivate func isSame(as other: AnyJSON) -> Bool {
        if let number, let second = other.number { return number == second }
        return self == other
    }
}
