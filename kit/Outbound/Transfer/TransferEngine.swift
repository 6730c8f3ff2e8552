import CCurl
import Reactor

/// Runs transfers, many at once, in the reactor's loop by curl's multi-socket interface; it owns the open connections.
actor TransferEngine {
    /// curl is only ever touched on the reactor's thread.
    nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    private var multi: UnsafeMutableRawPointer?
    private var running: [UnsafeMutableRawPointer: Promise<CURLcode>] = [:]
    private var watches: [curl_socket_t: Watch] = [:]
    private var timer: Timer?

    isolated deinit {
        timer?.cancel()
        for watch in watches.values { watch.cancel() }
        // Closing the connections would call back into an actor that is going away.
        curl_multi_set_socket_function(multi, nil)
        curl_multi_set_timer_function(multi, nil)
        curl_multi_cleanup(multi)
    }

    /// Runs a transfer to its end, and takes it off curl's hands however it ends.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    func perform(_ transfer: Transfer) async throws -> CURLcode {
        let multi = self.multi ?? makeMulti()
        let promise = Promise<CURLcode>()
        running[transfer.handle] = promise
        defer {
            running[transfer.handle] = nil
            curl_multi_remove_handle(multi, transfer.handle)
        }
        curl_multi_add_handle(multi, transfer.handle)
        return try await promise.value()
    }

    private func makeMulti() -> UnsafeMutableRawPointer? {
        multi = curl_multi_init()
        let owner = Unmanaged.passUnretained(self).toOpaque()
        curl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, owner)
        curl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, owner)
        curl_multi_set_socket_function(multi) { _, socket, action, owner, _ in
            TransferEngine.from(owner)?.assumeIsolated { $0.watch(socket, for: action) }
            return 0
        }
        curl_multi_set_timer_function(multi) { _, milliseconds, owner in
            TransferEngine.from(owner)?.assumeIsolated { $0.setTimer(milliseconds) }
            return 0
        }
        return multi
    }

    private static func from(_ owner: UnsafeMutableRawPointer?) -> TransferEngine? {
        owner.map { Unmanaged<TransferEngine>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: What curl asks for

    private func watch(_ socket: curl_socket_t, for action: Int32) {
        let interest: Interest =
            switch action {
            case CURL_POLL_IN: .read
            case CURL_POLL_OUT: .write
            case CURL_POLL_INOUT: [.read, .write]
            default: []
            }
        if interest.isEmpty {
            watches.removeValue(forKey: socket)?.cancel()
        } else if let watch = watches[socket] {
            watch.interest = interest
        } else {
            watches[socket] = Reactor.shared.watch(socket, for: interest) { [weak self] readiness in
                self?.assumeIsolated { $0.ready(socket, readiness) }
            }
        }
    }

    /// curl has one timer; a negative time ends it. curl must not be called from here, not even for a time of 0.
    private func setTimer(_ milliseconds: Int) {
        timer?.cancel()
        timer = nil
        guard milliseconds >= 0 else { return }
        timer = Reactor.shared.schedule(after: .milliseconds(milliseconds)) { [weak self] in
            self?.assumeIsolated { $0.act(on: CURL_SOCKET_TIMEOUT, 0) }
        }
    }

    // MARK: What happens

    private func ready(_ socket: curl_socket_t, _ readiness: Interest) {
        let flags =
            (readiness.contains(.read) ? CURL_CSELECT_IN : 0) | (readiness.contains(.write) ? CURL_CSELECT_OUT : 0)
        act(on: socket, flags)
    }

    private func act(on socket: curl_socket_t, _ flags: Int32) {
        var stillRunning: Int32 = 0
        curl_multi_socket_action(multi, socket, flags, &stillRunning)
        var queued: Int32 = 0
        while let message = curl_multi_info_read(multi, &queued)?.pointee {
            guard message.msg == CURLMSG_DONE, let handle = message.easy_handle else { continue }
            running[handle]?.settle(.success(message.data.result))
        }
    }
}
