import HTTPKit
import HTTPTypes
import Identity
import NIOCore
import ServiceKit

/// The hot path: readings of a device whose key and sensors are known, from the socket to the batcher without a task.
struct DirectIngest: DirectRoute {
    private static let path = DirectPath(IngestRoutes.path)

    let ingest: IngestRoutes
    let authenticator: Authenticator

    var method: HTTPRequest.Method { .post }
    var path: String { IngestRoutes.path }
    var answersSoon: Bool { true }

    func responder(to head: DirectHead) -> Responder? {
        guard let id = Self.path.id(in: head), !head.hasQuery, let device = authenticator.knownDevice(head),
            device.id == id
        else { return nil }
        return { body, trace, completion in
            let isTaken = ingest.store(body, of: device, trace: trace) { result in
                completion(result.map { DirectAnswer(.created, json: IngestAnswer.json($0)) })
            }
            return isTaken ? .soon : nil
        }
    }
}
