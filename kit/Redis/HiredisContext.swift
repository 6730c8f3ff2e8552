import CHiredis
import Glibc
import Reactor

/// A hiredis async context in the reactor's loop: the `ev` hooks that hiredis asks for, and nothing else.
///
/// `@unchecked Sendable`: only the actor that owns it touches it, on the reactor's thread, where hiredis calls back too.
final class HiredisContext: @unchecked Sendable {
    enum Event {
        /// The reply to the oldest unanswered command.
        case reply(RESPValue)
        /// A message of a subscription, or the confirmation of one.
        case push(RESPValue)
        /// The context is gone; no event follows.
        case closed(reason: String)
    }

    private let handler: (Event) -> Void
    /// Nil once hiredis has freed the context.
    private var context: UnsafeMutablePointer<redisAsyncContext>?
    private var watch: Watch?
    /// hiredis learns from the first write event that the connection stands; until then nothing may be written.
    private var isConnecting = true
    private var isWriting = false
    private var isFlushScheduled = false
    private var closeReason: String?

    /// Starts to connect to a numeric address.
    ///
    /// - Throws: ``RedisError/connectionFailed(address:reason:)`` when the system refuses at once.
    init(address: String, port: Int, handler: @escaping (Event) -> Void) throws(RedisError) {
        self.handler = handler
        guard let context = redisAsyncConnect(address, Int32(port)) else {
            throw .connectionFailed(address: address, reason: "out of memory")
        }
        guard context.pointee.err == 0 else {
            defer { redisAsyncFree(context) }
            throw .connectionFailed(address: address, reason: Self.errorText(of: context))
        }
        _ = fcntl(context.pointee.c.fd, F_SETFD, FD_CLOEXEC)
        redisEnableKeepAlive(&context.pointee.c)
        self.context = context
        attach(to: context)
    }

    /// Queues a command; all that is queued in one turn of the reactor goes out in one write.
    func send(_ command: RedisCommand) {
        append(command) { context, reply, _ in
            // A missing reply means that the context is being freed, which `cleanup` tells once for all commands.
            guard let reply else { return }
            let value = RESPValue(reply.assumingMemoryBound(to: redisReply.self).pointee)
            HiredisContext.owner(of: context)?.handler(.reply(value))
        }
    }

    /// Queues SUBSCRIBE or UNSUBSCRIBE, which have no reply but pushes.
    func sendSubscription(_ command: RedisCommand) {
        append(command) { context, reply, _ in
            guard let reply else { return }
            let value = RESPValue(reply.assumingMemoryBound(to: redisReply.self).pointee)
            HiredisContext.owner(of: context)?.handler(.push(value))
        }
    }

    func close(reason: String) {
        guard let context else { return }
        closeReason = closeReason ?? reason
        redisAsyncFree(context)
    }

    private func append(_ command: RedisCommand, callback: @escaping Callback) {
        guard let context else { return }
        // hiredis looks one byte past the last argument to see whether another follows.
        let wire = command.wire + [0]
        wire.withUnsafeBytes { bytes in
            let start = bytes.assumingMemoryBound(to: CChar.self).baseAddress
            _ = redisAsyncFormattedCommand(context, callback, nil, start, bytes.count - 1)
        }
    }

    // MARK: The loop

    private func attach(to context: UnsafeMutablePointer<redisAsyncContext>) {
        let owner = Unmanaged.passRetained(self).toOpaque()
        context.pointee.data = owner
        context.pointee.ev.data = owner
        context.pointee.ev.addRead = { HiredisContext.from($0)?.watch?.interest.insert(.read) }
        context.pointee.ev.delRead = { HiredisContext.from($0)?.watch?.interest.remove(.read) }
        context.pointee.ev.addWrite = { HiredisContext.from($0)?.wantsToWrite() }
        context.pointee.ev.delWrite = { HiredisContext.from($0)?.watch?.interest.remove(.write) }
        context.pointee.ev.cleanup = { HiredisContext.from($0)?.contextIsBeingFreed() }
        watch = Reactor.shared.watch(context.pointee.c.fd, for: .write) { [unowned self] in ready($0) }
    }

    private func ready(_ readiness: Interest) {
        if readiness.contains(.write) {
            isConnecting = false
            write()
        }
        if readiness.contains(.read), let context { redisAsyncHandleRead(context) }
    }

    /// hiredis calls this for every command. A socket rarely refuses, so the write is tried before the reactor waits
    /// again, and the reactor asked to watch for room only when something was left over.
    private func wantsToWrite() {
        if isConnecting || isWriting {
            watch?.interest.insert(.write)
        } else if !isFlushScheduled {
            isFlushScheduled = true
            Reactor.shared.beforeWaiting { [self] in
                isFlushScheduled = false
                write()
            }
        }
    }

    private func write() {
        guard let context else { return }
        isWriting = true
        redisAsyncHandleWrite(context)
        isWriting = false
    }

    private func contextIsBeingFreed() {
        guard let context else { return }
        watch?.cancel()
        watch = nil
        self.context = nil
        Unmanaged.passUnretained(self).release()
        handler(.closed(reason: closeReason ?? Self.errorText(of: context)))
    }

    // MARK: From C

    private typealias Callback =
        @convention(c) (
            UnsafeMutablePointer<redisAsyncContext>?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?
        ) -> Void

    private static func owner(of context: UnsafeMutablePointer<redisAsyncContext>?) -> HiredisContext? {
        from(context?.pointee.data)
    }

    private static func from(_ data: UnsafeMutableRawPointer?) -> HiredisContext? {
        data.map { Unmanaged<HiredisContext>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func errorText(of context: UnsafeMutablePointer<redisAsyncContext>) -> String {
        guard let text = context.pointee.errstr, text.pointee != 0 else { return "closed" }
        return String(cString: text)
    }
}
