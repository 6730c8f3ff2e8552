import NIOCore

/// What a worker reminds of its deadlines, and ends when the gateway stops.
protocol TimedConnection: AnyObject {
    /// The place in the worker's list.
    var slot: Int? { get set }
    /// Whether it is a connection of its own, and not part of one.
    var isCounted: Bool { get }
    /// The address that it is counted for, by its hash, where addresses have only so many.
    var countedAddress: UInt64? { get set }

    /// Gives up what is being waited for, if its time is over.
    func checkDeadline(_ now: NIODeadline)
    /// Ends once what is under way is over.
    func drain()
    /// Ends at once.
    func abort()
}
