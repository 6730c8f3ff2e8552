import Logging
import Reactor
import ServiceLifecycle

/// Does something over and over until the service is to stop, for what any number of instances may do at any time.
///
/// What fails is logged and tried again after a minute at most. The interval varies by a tenth, so that instances that
/// started together do not meet each time.
///
/// - Parameters:
///   - complaint: What is logged when it fails.
///   - work: Begins at once; a shutdown cancels it.
public func periodically(
    every interval: Duration, orSay complaint: Logger.Message, to logger: Logger,
    _ work: @escaping @Sendable () async throws -> Void
) async {
    await cancelWhenGracefulShutdown {
        while !Task.isCancelled {
            var pause = interval
            do {
                try await work()
            } catch let error where Task.isCancelled || error is CancellationError {
            } catch {
                logger.warning("\(complaint)", metadata: ["error": "\(error)"])
                pause = min(interval, .seconds(60))
            }
            // The pause is the purpose; only a cancellation ends it early.
            try? await Task.sleep(for: pause * Double.random(in: 0.9...1.1))
        }
    }
}

/// Does something that lasts as long as the service, such as following a stream, and begins anew when it fails: at once
/// the first time, then later and later.
///
/// - Parameters:
///   - complaint: What is logged when it fails.
///   - work: Resets the back-off once it is under way; a shutdown cancels it.
public func persistently(
    orSay complaint: Logger.Message, to logger: Logger,
    _ work: @escaping @Sendable (inout Backoff) async throws -> Void
) async {
    await cancelWhenGracefulShutdown {
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                try await work(&backoff)
            } catch is CancellationError {
            } catch {
                logger.warning("\(complaint)", metadata: ["error": "\(error)"])
            }
            // What has just failed is not to be begun in a loop; only a cancellation ends the sleep early.
            try? await Task.sleep(for: backoff.next())
        }
    }
}
