import NIOCore

/// The handler that ends a connection: when it has idled, or behind its last answer when the process ends.
protocol ServedConnection: AnyObject {
    /// Nil before the handler is part of the connection, and after.
    var context: ChannelHandlerContext? { get }
    var activity: ConnectionActivity { get set }
    var ending: ConnectionEnding { get set }
    /// Whether something has come that was neither answered nor handed on.
    var hasReceived: Bool { get }

    /// It has idled for too long.
    func endIdling()

    /// What comes next is for the routes alone: they may have refused what came before it.
    func handOnAll()
}

/// How far the end of a connection has come.
struct ConnectionEnding {
    /// A client that takes nothing of an answer for so long is not waited for at the end of its connection, nor is one
    /// that does not close its side.
    fileprivate static let patience = TimeAmount.seconds(5)
    /// The same of one between two requests, which may keep a connection without looking at it.
    fileprivate static let idlePatience = TimeAmount.seconds(1)

    /// Whether the connection is to be closed behind what has been written.
    fileprivate(set) var isFinishing = false
    /// Whether the client sends nothing more.
    var isInputClosed = false
    fileprivate var timer: Scheduled<Void>?

    func cancelTimer() { timer?.cancel() }
}

extension ServedConnection {
    /// Whether the next answer is the last one before the process ends.
    var isLastAnswer: Bool { activity.isLastAnswer(isFollowed: hasReceived, at: .now()) }

    /// The process is about to end.
    func drain() {
        activity.drain(at: .now())
        watchIdling()
    }

    /// Closes the connection once it has idled for too long.
    func watchIdling() {
        if activity.isDraining {
            // It has less time than it had.
            ending.timer?.cancel()
            ending.timer = nil
        }
        guard ending.timer == nil, !ending.isFinishing, let context else { return }
        guard let deadline = activity.idleDeadline else { return }
        ending.timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.ending.timer = nil
            guard let deadline = self.activity.idleDeadline, deadline <= .now() else { return self.watchIdling() }
            self.endIdling()
        }
    }

    /// Closes a connection between two requests.
    ///
    /// If the process ends, the next request may be on its way already. 408 tells its client that nobody has acted on it
    /// (RFC 9110, section 15.5.9), so that any request may be sent again; the mere end of a connection may also be that of a
    /// process that had begun to act.
    func endBetweenRequests() {
        guard activity.isOver, !ending.isInputClosed, let context else { return finish(lingering: false) }
        let answer = ByteBuffer(
            string: "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        context.write(NIOAny(answer), promise: nil)
        finish(lingering: true, patience: ConnectionEnding.idlePatience)
    }

    /// Closes the connection once all that was written has been sent: to close it at once would throw the rest away. Who
    /// reads slowly is waited for, and who does not read is not.
    ///
    /// - Parameter lingering: Whether the client may still be sending, and is to close its side first (RFC 9112, section
    ///   9.6): to close on bytes unread would reset the connection, and might cost the client the last answer.
    func finish(lingering: Bool, patience: TimeAmount = ConnectionEnding.patience) {
        guard !ending.isFinishing, let context else { return }
        ending.isFinishing = true
        ending.timer?.cancel()
        let boundContext = context.loopBound
        let sent = context.eventLoop.makePromise(of: Void.self)
        // It fails where the sending direction has ended already, which waits for the rest as well.
        sent.futureResult.flatMapError { _ in
            boundContext.value.close(mode: .output)
        }.assumeIsolated().whenComplete { _ in
            self.endSending(lingering: lingering, patience)
        }
        context.writeAndFlush(NIOAny(ByteBuffer()), promise: sent)
        watchSending(since: .max, patience)
    }

    private func endSending(lingering: Bool, _ patience: TimeAmount) {
        guard let context else { return }
        guard lingering, !ending.isInputClosed else { return context.close(promise: nil) }
        // The rest is closed with the client's end.
        context.close(mode: .output, promise: nil)
        context.read()
        ending.timer?.cancel()
        watchSending(since: 0, patience)
    }

    private func watchSending(since last: Int, _ patience: TimeAmount) {
        ending.timer = context?.eventLoop.assumeIsolated().scheduleTask(in: patience) {
            guard let channel = self.context?.channel else { return }
            let unsent = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
            if unsent < last { self.watchSending(since: unsent, patience) } else { channel.close(promise: nil) }
        }
    }

    /// Ends the sending direction, or all, for what serves the routes.
    func close(_ context: ChannelHandlerContext, _ mode: CloseMode, _ promise: EventLoopPromise<Void>?) {
        // To end the sending direction of a connection whose other one has ended would close it at once.
        guard mode == .output, ending.isInputClosed || ending.isFinishing else {
            return context.close(mode: mode, promise: promise)
        }
        context.channel.closeFuture.cascade(to: promise)
        finish(lingering: true)
    }

    /// Goes on reading what is not taken any more, up to the client's end.
    ///
    /// - Returns: Whether the connection ends.
    func readToEnd(_ context: ChannelHandlerContext) -> Bool {
        if ending.isFinishing { context.read() }
        return ending.isFinishing
    }
}
