import HTTPKit
import Kernel

/// What values may be, such as the settings of a type of device or the parameters of a command: the part of JSON Schema
/// (draft 2020-12) that these need.
///
/// Keywords mean what they mean there. One that is not known is refused, since a check that is not made is worse than
/// none: `title` and `description` are the only ones that check nothing.
struct ValueDescription: Sendable, Hashable {
    enum ValueType: String, Sendable, CaseIterable {
        case object, array, string, number, integer, boolean, null
    }

    /// How deep descriptions may stand in each other.
    static let maximumDepth = 8
    /// How many values an `enum` may name: each value is compared with all of them.
    static let mostChoices = 200

    /// The description as it was given.
    let json: AnyJSON
    private(set) var types: Set<ValueType> = []
    private(set) var choices: [AnyJSON]?
    private(set) var minimum: Double?
    private(set) var maximum: Double?
    /// `minLength`, `minItems` or `minProperties`, and their counterparts: each concerns values of one type alone.
    private(set) var sizes: [ValueType: SizeBounds] = [:]
    private(set) var properties: [String: ValueDescription] = [:]
    private(set) var required: [String] = []
    private(set) var allowsOtherProperties = true
    /// Of the elements of an array; one or none.
    private(set) var items: [ValueDescription] = []

    struct SizeBounds: Sendable, Hashable {
        var least: Int?
        var most: Int?
    }

    /// Reads a description.
    ///
    /// - Parameter errors: Takes what is wrong with it, each with the path from `path` on; then it checks nothing that
    ///   was wrong.
    init(_ json: AnyJSON, at path: String, errors: inout Validation) {
        self.init(json, at: path, depth: 1, errors: &errors)
    }

    private init(_ json: AnyJSON, at path: String, depth: Int, errors: inout Validation) {
        self.json = json
        guard case .object(let members) = json else {
            errors.reject(path, "must be an object")
            return
        }
        guard depth <= Self.maximumDepth else {
            errors.reject(path, "nests deeper than \(Self.maximumDepth) levels")
            return
        }
        for (keyword, value) in members.sorted(by: { $0.key < $1.key }) {
            take(keyword, value, at: "\(path).\(keyword)", depth: depth, errors: &errors)
        }
        let known = Set(properties.keys)
        errors.require(
            allowsOtherProperties || known.isSuperset(of: required), "\(path).required",
            "names a property that is not allowed")
    }

    private mutating func take(
        _ keyword: String, _ value: AnyJSON, at path: String, depth: Int, errors: inout Validation
    ) {
        switch (keyword, value) {
        case ("type", .string(let name)): take(types: [name], at: path, errors: &errors)
        case ("type", .array(let names)) where !names.isEmpty:
            take(types: names.map { $0.text ?? "" }, at: path, errors: &errors)
        case ("enum", .array(let values)) where (1...Self.mostChoices).contains(values.count): choices = values
        case ("minimum", _) where value.number != nil: minimum = value.number
        case ("maximum", _) where value.number != nil: maximum = value.number
        case ("minLength", .integer(let count)) where count >= 0: sizes[.string, default: .init()].least = count
        case ("maxLength", .integer(let count)) where count >= 0: sizes[.string, default: .init()].most = count
        case ("minItems", .integer(let count)) where count >= 0: sizes[.array, default: .init()].least = count
        case ("maxItems", .integer(let count)) where count >= 0: sizes[.array, default: .init()].most = count
        case ("properties", .object(let members)):
            for (name, description) in members.sorted(by: { $0.key < $1.key }) {
                properties[name] = ValueDescription(
                    description, at: "\(path).\(name)", depth: depth + 1, errors: &errors)
            }
        case ("required", .array(let names)):
            required = names.compactMap(\.text)
            errors.require(required.count == names.count, path, "must be a list of names")
        case ("additionalProperties", .bool(let allows)): allowsOtherProperties = allows
        case ("items", .object):
            items = [ValueDescription(value, at: path, depth: depth + 1, errors: &errors)]
        case ("title", .string), ("description", .string): break
        default:
            errors.reject(
                path,
                Self.keywords.contains(keyword) ? "has a value of the wrong kind" : "is a keyword that is not known")
        }
    }

    /// The same, of an object to which more members are added before it counts: none has to be there yet.
    var ofPart: ValueDescription {
        var part = self
        part.required = []
        return part
    }

    private static let keywords: Set<String> = [
        "type", "enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "properties",
        "required", "additionalProperties", "items", "title", "description",
    ]

    private mutating func take(types names: [String], at path: String, errors: inout Validation) {
        types = Set(names.compactMap(ValueType.init))
        let all = ValueType.allCases.map(\.rawValue).joined(separator: ", ")
        errors.require(types.count == names.count, path, "must be among \(all)")
    }
}

extension AnyJSON {
    var text: String? { if case .string(let text) = self { text } else { nil } }

    var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}
