/// Collects what is wrong with a request, so that the client is told everything at once.
///
/// ```swift
/// try validate { check in
///     check.length(of: input.name, 1...200, "name")
///     check.require(input.ttl.map { $0 > 0 } ?? true, "ttl_s", "must be positive")
/// }
/// ```
public struct Validation {
    /// So many errors are collected: a large body may be wrong in every place, and nobody reads more.
    public static let mostErrors = 100

    public private(set) var errors: [FieldError] = []

    /// Whether further errors are not collected, so that there is no need to look for them.
    public var isFull: Bool { errors.count >= Self.mostErrors }

    public init() {}

    /// Notes `message` for `field` unless `condition` holds.
    public mutating func require(_ condition: Bool, _ field: String, _ message: String) {
        if !condition { reject(field, message) }
    }

    /// Notes that `field` is invalid.
    public mutating func reject(_ field: String, _ message: String) {
        if !isFull { errors.append(FieldError(field, message)) }
    }

    /// Text must have a length within `range`, in characters, and no NUL, which the database cannot hold.
    public mutating func length(of text: String?, _ range: ClosedRange<Int>, _ field: String) {
        guard let text else { return }
        if range.lowerBound == 1 {
            require(!text.isEmpty, field, "must not be empty")
        } else {
            require(text.count >= range.lowerBound, field, "must have at least \(range.lowerBound) characters")
        }
        require(text.count <= range.upperBound, field, "must have at most \(range.upperBound) characters")
        require(!text.utf8.contains(0), field, "must not contain the character U+0000")
    }

    /// A number must lie within `range`.
    public mutating func range<Value: Comparable>(of value: Value?, _ range: ClosedRange<Value>, _ field: String) {
        guard let value else { return }
        require(range.contains(value), field, "must be from \(range.lowerBound) to \(range.upperBound)")
    }

    /// A list must have a number of elements within `range`.
    public mutating func count(of list: (some Collection)?, _ range: ClosedRange<Int>, _ field: String) {
        guard let list else { return }
        require(
            range.contains(list.count), field, "must have from \(range.lowerBound) to \(range.upperBound) elements")
    }
}

/// Runs the checks of `body` and throws one ``Problem`` with all that failed.
public func validate(_ body: (inout Validation) throws -> Void) throws {
    var validation = Validation()
    try body(&validation)
    guard validation.errors.isEmpty else { throw Problem.invalid(validation.errors) }
}
