import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Identity
import NIOCore
import Postgres

/// Makes a POST that creates something safe to repeat (`Idempotency-Key`, draft-ietf-httpapi-idempotency-key-header).
///
/// The answer is stored, sealed, by the transaction that creates: the same key and body within 24 h get it again, the
/// same key with another body is 422. What was refused created nothing and is not stored. The service's schema has
///
/// ```sql
/// CREATE TABLE devices.idempotency (
///     principal text NOT NULL, key text NOT NULL, body_hash bytea NOT NULL, status int NOT NULL,
///     sealed_answer bytea NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (principal, key));
/// ```
public struct Idempotency: Sendable {
    static let maximumKeyLength = 255

    private let table: SQL
    private let database: PostgresClient
    private let sealer: Sealer

    /// - Parameter table: the service's table, such as `"devices.idempotency"`.
    public init(table: SQL, database: PostgresClient, sealer: Sealer) {
        self.table = table
        self.database = database
        self.sealer = sealer
    }

    /// Decodes the request's body and runs `create` in a transaction, or answers what an earlier request with the same
    /// key was answered.
    ///
    /// - Throws: what decoding and `create` throw, and ``Problem`` 422 for a key that was used with another body.
    public func create<Input: Decodable & Sendable>(
        _ type: Input.Type = Input.self, _ request: Request, _ context: AppRequestContext, as scope: Scope,
        _ create: @Sendable @escaping (Input, Transaction) async throws -> some ResponseGenerator
    ) async throws -> Response {
        let body = try await request.body.collect(upTo: context.maxUploadSize)
        let input = try JSONCoding.decode(Input.self, from: body)
        return try await perform(request, context, body: body, as: scope) { try await create(input, $0) }
    }

    /// As ``create(_:_:_:as:_:)`` for a request without a body.
    public func create(
        _ request: Request, _ context: AppRequestContext, as scope: Scope,
        _ create: @Sendable @escaping (Transaction) async throws -> some ResponseGenerator
    ) async throws -> Response {
        try await perform(request, context, body: ByteBuffer(), as: scope, create)
    }

    private func perform(
        _ request: Request, _ context: AppRequestContext, body: ByteBuffer, as scope: Scope,
        _ create: @Sendable @escaping (Transaction) async throws -> some ResponseGenerator
    ) async throws -> Response {
        guard let claim = try Claim(request, context, body: body) else {
            return try await database.withTransaction(as: scope) { transaction in
                try await create(transaction).response(from: request, context: context)
            }
        }
        return try await database.withTransaction(as: scope) { transaction in
            if let earlier = try await answer(to: claim, transaction) { return earlier }
            let response = try await create(transaction).response(from: request, context: context)
            return try await store(response, for: claim, transaction)
        }
    }

    /// The stored answer; without one, the key stays locked until the transaction ends, so that of two requests at
    /// once one creates and the other finds its answer.
    private func answer(to claim: Claim, _ transaction: Transaction) async throws -> Response? {
        let rows = try await transaction.batch([
            "SELECT pg_advisory_xact_lock(hashtextextended(\(claim.principal + " " + claim.key), 0))",
            """
            SELECT body_hash, status, sealed_answer FROM \(table)
            WHERE principal = \(claim.principal) AND key = \(claim.key) AND created_at > now() - interval '24 hours'
            """,
        ])
        guard let row = rows.last?.first else { return nil }
        let (hash, status, sealed) = try row.decode([UInt8].self, Int32.self, [UInt8].self)
        guard hash == claim.bodyHash else {
            throw Problem.invalid("Idempotency-Key", "was used with another request")
        }
        let bytes = try sealer.open(sealed, context: claim.sealingContext)
        return try JSONCoding.decoder.decode(StoredAnswer.self, from: Data(bytes)).response(status: Int(status))
    }

    private func store(
        _ response: Response, for claim: Claim, _ transaction: Transaction
    ) async throws -> Response {
        let body = try await response.body.collected()
        let answer = StoredAnswer(headers: response.headers, body: body)
        let sealed = try sealer.seal(JSONCoding.encoder.encode(answer), context: claim.sealingContext)
        try await transaction.query(
            """
            INSERT INTO \(table) (principal, key, body_hash, status, sealed_answer)
            VALUES (\(claim.principal), \(claim.key), \(claim.bodyHash), \(Int32(response.status.code)), \(sealed))
            ON CONFLICT (principal, key) DO UPDATE SET
                body_hash = excluded.body_hash, status = excluded.status,
                sealed_answer = excluded.sealed_answer, created_at = now()
            """)
        return answer.response(status: response.status.code)
    }

    /// Deletes answers that are too old to be given again; to be run now and then.
    public func deleteExpired() async throws {
        _ = try await database.query("DELETE FROM \(table) WHERE created_at <= now() - interval '24 hours'")
    }
}

/// Who uses which key for which request.
private struct Claim {
    let principal: String
    let key: String
    let bodyHash: [UInt8]

    /// Nil for a request without the header.
    init?(_ request: Request, _ context: AppRequestContext, body: ByteBuffer) throws(Problem) {
        guard let key = request.headers[.idempotencyKey] else { return nil }
        guard (1...Idempotency.maximumKeyLength).contains(key.utf8.count) else {
            throw .invalid("Idempotency-Key", "must have from 1 to \(Idempotency.maximumKeyLength) characters")
        }
        self.key = key
        principal = Self.name(of: context.principal)
        var hash = SHA256()
        hash.update(data: Data("\(request.method) \(request.uri.path)\n".utf8))
        body.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        bodyHash = Array(hash.finalize())
    }

    var sealingContext: String { "idempotency \(principal) \(key)" }

    /// A user's keys in one organization are others than in another.
    private static func name(of principal: Principal?) -> String {
        switch principal {
        case .user(let user): "user \(user.id) \(user.organizationID?.uuidString ?? "-")"
        case .device(let device): "device \(device.id)"
        case .service(let name): "service \(name)"
        case nil: "anonymous"
        }
    }
}

/// What an answer is stored as.
private struct StoredAnswer: Codable {
    let headers: [String: String]
    let body: Data

    /// Of the header fields only what a handler sets itself; the rest comes with every answer anew.
    init(headers: HTTPFields, body: ByteBuffer) {
        let kept: [HTTPField.Name] = [.contentType, .eTag, .location]
        self.headers = Dictionary(
            uniqueKeysWithValues: kept.compactMap { name in
                headers[name].map { (name.canonicalName, $0) }
            })
        self.body = Data(buffer: body)
    }

    func response(status: Int) -> Response {
        var fields = HTTPFields()
        for (name, value) in headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields[name] = value
        }
        return Response(
            status: .init(code: status), headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
