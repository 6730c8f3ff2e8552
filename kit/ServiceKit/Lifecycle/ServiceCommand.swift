/// What a service's executable is asked to do.
public enum ServiceCommand: Sendable, Hashable {
    /// Run the service; also without any argument.
    case serve
    /// Apply the service's migrations and end.
    case migrate
    /// Compare the database with the service's migrations and end.
    case checkMigrations

    /// Reads the arguments behind the executable's name.
    ///
    /// - Throws: ``UsageError``.
    public init(arguments: some Collection<String>) throws(UsageError) {
        self =
            switch Array(arguments) {
            case [], ["serve"]: .serve
            case ["migrate"]: .migrate
            case ["migrate", "--check"]: .checkMigrations
            case let other: throw UsageError(arguments: other)
            }
    }
}

/// Arguments that mean nothing.
public struct UsageError: Error, Hashable, CustomStringConvertible {
    public let arguments: [String]

    public var description: String {
        "'\(arguments.joined(separator: " "))' is not a command; use 'serve' (the default), 'migrate' or "
            + "'migrate --check'."
    }
}
