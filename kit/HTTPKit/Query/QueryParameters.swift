import Foundation
import Hummingbird
import Postgres

/// A request's query, read value by value; what cannot be read is 422 with the parameter's name.
///
/// ```swift
/// let query = try request.query()
/// let status = try query.values("status", as: DeviceStatus.self)
/// let page = try query.page(of: DeviceCursor.self)
/// ```
public struct QueryParameters: Sendable, Hashable {
    private let fields: FormFields

    /// - Throws: 400 when the query is not percent-encoded UTF-8.
    public init(_ text: String) throws(Problem) {
        fields = try FormFields(text)
    }

    /// The first value of that name; nil where there is none or an empty one.
    public subscript(name: String) -> String? {
        fields[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Names and values, in their order.
    public var all: [(name: String, value: String)] { fields.fields }

    /// A number, text, `true`/`false` or time.
    public func value<Value: LosslessStringConvertible>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(Problem) -> Value? {
        guard let text = self[name] else { return nil }
        guard let value = Value(text) else { throw .invalid(name, "must be \(QueryWords.of(type))") }
        return value
    }

    /// A number within `range`.
    public func value<Value: LosslessStringConvertible & Comparable>(
        _ name: String, in range: ClosedRange<Value>
    ) throws(Problem) -> Value? {
        guard let value = try value(name, as: Value.self) else { return nil }
        guard range.contains(value) else {
            throw .invalid(name, "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// An id.
    public func value(_ name: String, as type: UUID.Type) throws(Problem) -> UUID? {
        guard let text = self[name] else { return nil }
        guard let value = UUID(uuidString: text) else { throw .invalid(name, "must be a UUID") }
        return value
    }

    /// One of the cases of an enumeration.
    public func value<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(Problem) -> Value? {
        guard let text = self[name] else { return nil }
        return try Self.parse(text, name, as: type)
    }

    /// All values of a filter, given repeatedly or separated by commas.
    public func values(_ name: String) -> [String] {
        fields.values(of: name).flatMap { $0.split(separator: ",").map(\.trimmed) }.filter { !$0.isEmpty }
    }

    /// All ids of a filter.
    public func values(_ name: String, as type: UUID.Type) throws(Problem) -> [UUID] {
        var ids: [UUID] = []
        for text in values(name) {
            guard let id = UUID(uuidString: text) else { throw .invalid(name, "must be a UUID") }
            ids.append(id)
        }
        return ids
    }

    /// All cases of a filter.
    public func values<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(Problem) -> [Value] {
        var cases: [Value] = []
        for text in values(name) { cases.append(try Self.parse(text, name, as: type)) }
        return cases
    }

    private static func parse<Value: RawRepresentable<String> & CaseIterable>(
        _ text: String, _ name: String, as type: Value.Type
    ) throws(Problem) -> Value {
        guard let value = Value(rawValue: text) else {
            throw .invalid(name, "must be one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }
}

extension Request {
    /// The request's query.
    ///
    /// - Throws: 400 when it is not percent-encoded UTF-8.
    public func query() throws(Problem) -> QueryParameters {
        try QueryParameters(uri.query ?? "")
    }
}

private enum QueryWords {
    static func of(_ type: Any.Type) -> String {
        switch type {
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is Bool.Type: "true or false"
        case is Timestamp.Type: "an RFC 3339 time such as 2026-11-23T19:27:00Z"
        default: "of another form"
        }
    }
}
