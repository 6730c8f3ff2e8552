import Postgres

/// A time as a page shows it, in UTC since no browser says where it is.
public struct Moment: Sendable {
    public let machine: String
    public let text: String

    public init(_ time: Timestamp) {
        machine = time.rfc3339
        text = machine.prefix(10) + " " + machine.dropFirst(11).prefix(5) + " UTC"
    }
}
