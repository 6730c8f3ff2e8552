import NIOCore
import Synchronization

/// What is kept for a socket on its event loop, and decides what of a batch is sent to it.
///
/// Everything runs on the socket's event loop, so it needs no lock and may hold what is not `Sendable`.
public protocol FanOutMember: SendableMetatype {
    associatedtype Batch: Sendable

    /// A batch was published. What cannot be written now, since the writer is not writable, is for the member to
    /// conflate.
    mutating func receive(_ batch: Batch, writer: FanOutWriter)

    /// The socket can take more again: the time to write what was conflated.
    mutating func becameWritable(writer: FanOutWriter)
}

/// Writes to one socket on its event loop; what is written is flushed behind the member's back.
public struct FanOutWriter {
    fileprivate let handler: WebSocketHandler

    /// Whether there is room in the socket's buffer.
    public var isWritable: Bool { handler.isWritable }

    /// Puts a frame into the socket's buffer.
    public func write(_ frame: OutboundFrame) {
        handler.write(frame)
    }
}

/// Publishes batches to many sockets: one hop to each event loop for a batch, one flush for each socket.
///
/// A socket joins one fan-out at most.
public final class FanOut<Member: FanOutMember>: Sendable {
    private typealias Members = NIOLoopBoundBox<LoopMembers<Member>>

    private let loops = Mutex<[ObjectIdentifier: Members]>([:])

    public init() {}

    /// Adds a socket; `makeMember` runs on its event loop. It leaves by itself when it is closed.
    public func join(_ socket: WebSocket, _ makeMember: @escaping @Sendable () -> Member) async {
        let members = members(on: socket.eventLoop)
        await members.run { $0.join(socket, member: makeMember()) }
    }

    /// Runs `body` with a socket's member on its event loop: to change what it subscribes to. Does nothing when the
    /// socket is gone.
    public func update(
        _ socket: WebSocket, _ body: @escaping @Sendable (inout Member, FanOutWriter) -> Void
    ) async {
        let members = members(on: socket.eventLoop)
        await members.run { $0.update(socket, body) }
    }

    /// Hands a batch to every member, and returns when all of them have taken it: whoever publishes faster than the
    /// event loops write is slowed down.
    public func publish(_ batch: Member.Batch) async {
        let loops = loops.withLock { Array($0.values) }
        let visits = loops.map { members in members.submit { $0.receive(batch) } }
        for visit in visits { try? await visit.get() }
    }

    private func members(on eventLoop: any EventLoop) -> Members {
        loops.withLock { loops in
            if let known = loops[ObjectIdentifier(eventLoop)] { return known }
            let new = Members.makeBoxSendingValue(LoopMembers(), eventLoop: eventLoop)
            loops[ObjectIdentifier(eventLoop)] = new
            return new
        }
    }
}

extension NIOLoopBoundBox {
    fileprivate func submit(_ body: @escaping @Sendable (Value) -> Void) -> EventLoopFuture<Void> {
        eventLoop.submit { body(self.value) }
    }

    /// Runs `body` on the event loop; not at all when that has been shut down.
    fileprivate func run(_ body: @escaping @Sendable (Value) -> Void) async {
        try? await submit(body).get()
    }
}

/// The members on one event loop. A class, and slots too, since a flush may make a socket writable or end it, and so
/// come back here.
private final class LoopMembers<Member: FanOutMember> {
    private final class Slot {
        let handler: WebSocketHandler
        var member: Member

        init(handler: WebSocketHandler, member: Member) {
            self.handler = handler
            self.member = member
        }

        func visit(_ body: (inout Member, FanOutWriter) -> Void) {
            body(&member, FanOutWriter(handler: handler))
            handler.flush()
        }
    }

    private var slots: [ObjectIdentifier: Slot] = [:]

    func join(_ socket: WebSocket, member: Member) {
        guard let handler = socket.handler.value else { return }
        let id = ObjectIdentifier(socket)
        let slot = Slot(handler: handler, member: member)
        slots[id] = slot
        handler.onWritable = { [weak slot] in slot?.visit { $0.becameWritable(writer: $1) } }
        handler.onEnd = { [weak self] in self?.slots[id] = nil }
    }

    func update(_ socket: WebSocket, _ body: (inout Member, FanOutWriter) -> Void) {
        slots[ObjectIdentifier(socket)]?.visit(body)
    }

    func receive(_ batch: Member.Batch) {
        for slot in slots.values {
            slot.visit { $0.receive(batch, writer: $1) }
        }
    }
}
