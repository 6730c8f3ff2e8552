import Synchronization

@testable import Gateway

/// The gateway's file of a test, which changes it while the gateway runs.
final class ChangingFile: Sendable {
    private let file: Mutex<TestFile>
    private let requests: AsyncStream<Void>
    private let request: AsyncStream<Void>.Continuation

    init(_ file: TestFile) {
        self.file = Mutex(file)
        (requests, request) = AsyncStream.makeStream()
    }

    var reloads: Reloads {
        Reloads(requests: requests) { [self] in try file.withLock { $0 }.load() }
    }

    /// Writes the file anew and has it read, as SIGHUP does.
    func replace(by file: TestFile) {
        self.file.withLock { $0 = file }
        request.yield()
    }
}
