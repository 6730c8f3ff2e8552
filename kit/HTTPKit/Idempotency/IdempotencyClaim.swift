import Crypto
import Foundation
import Hummingbird
import Identity
import NIOCore

/// Who uses which key for which request.
struct IdempotencyClaim {
    let principal: String
    let key: String
    let bodyHash: [UInt8]

    /// Nil for a request without the header.
    init?(
        _ request: Request, _ context: AppRequestContext, subject: String?, body: ByteBuffer
    ) throws(Problem) {
        guard let key = request.headers[.idempotencyKey] else { return nil }
        guard (1...Idempotency.maximumKeyLength).contains(key.utf8.count) else {
            throw .invalid("Idempotency-Key", "must have from 1 to \(Idempotency.maximumKeyLength) characters")
        }
        self.key = key
        principal = Self.name(of: context.principal, subject: subject)
        var hash = SHA256()
        hash.update(data: Data("\(request.method) \(request.uri.path)\n".utf8))
        hash.update(data: Self.canonical(body))
        bodyHash = Array(hash.finalize())
    }

    /// JSON with its members sorted: some clients write them in another order each time. Anything else as it is.
    private static func canonical(_ body: ByteBuffer) -> Data {
        let data = Data(body.readableBytesView)
        guard let json = try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed),
            let sorted = try? JSONSerialization.data(
                withJSONObject: json, options: [.sortedKeys, .fragmentsAllowed])
        else { return data }
        return sorted
    }

    var sealingContext: String { "idempotency \(principal) \(key)" }

    /// A user's keys in one organization are others than in another.
    private static func name(of principal: Principal?, subject: String?) -> String {
        switch principal {
        case .user(let user): "user \(user.id) \(user.organizationID?.uuidString ?? "-")"
        case .device(let device): "device \(device.id)"
        case .service(let name): "service \(name)"
        case nil: subject.map { "anonymous \(SecretHash(of: $0).hex)" } ?? "anonymous"
        }
    }
}
