import ServiceLifecycle
import UnixSignals

/// Asks for the gateway's file to be read again at each SIGHUP.
struct HangupSignal: Service {
    let reload: AsyncStream<Void>.Continuation

    func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) { reload.yield() }
        }
    }
}
