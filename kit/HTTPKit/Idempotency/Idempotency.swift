import Foundation
import Hummingbird
import Identity
import Logging
import NIOCore
import Postgres
import ServiceKit
import ServiceLifecycle

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
///
/// As a service among the others it deletes the answers that are too old to be given again.
public struct Idempotency: ServiceLifecycle.Service, CustomStringConvertible {
    static let maximumKeyLength = 255
    private static let cleanUpInterval = Duration.seconds(3600)

    private let table: SQL
    private let database: PostgresClient
    private let sealer: Sealer
    private let logger: Logger

    /// - Parameter table: the service's table, such as `"devices.idempotency"`.
    public init(table: SQL, database: PostgresClient, sealer: Sealer, logger: Logger) {
        self.table = table
        self.database = database
        self.sealer = sealer
        self.logger = logger
    }

    /// Decodes the request's body and runs `create` in a transaction, or answers what an earlier request with the same
    /// key was answered.
    ///
    /// - Parameter subject: tells callers without credentials apart, such as the address that somebody registers: else
    ///   one stranger's key would be another's.
    /// - Throws: what decoding and `create` throw, and ``Problem`` 422 for a key that was used with another body.
    public func create<Input: Decodable & Sendable>(
        _ type: Input.Type = Input.self, _ request: Request, _ context: AppRequestContext, as scope: Scope,
        of subject: String? = nil,
        _ create: @Sendable @escaping (Input, Transaction) async throws -> some ResponseGenerator
    ) async throws -> Response {
        let body = try await request.body.collect(upTo: context.maxUploadSize)
        let input = try JSONCoding.decode(Input.self, from: body)
        let claim = try IdempotencyClaim(request, context, subject: subject, body: body)
        return try await perform(claim, request, context, as: scope) { try await create(input, $0) }
    }

    /// As ``create(_:_:_:as:of:_:)`` for a request that has no body, or whose body was collected before (`collectBody`).
    public func create(
        _ request: Request, _ context: AppRequestContext, as scope: Scope, of subject: String? = nil,
        _ create: @Sendable @escaping (Transaction) async throws -> some ResponseGenerator
    ) async throws -> Response {
        let body = try await request.body.collect(upTo: context.maxUploadSize)
        let claim = try IdempotencyClaim(request, context, subject: subject, body: body)
        return try await perform(claim, request, context, as: scope, create)
    }

    private func perform(
        _ claim: IdempotencyClaim?, _ request: Request, _ context: AppRequestContext, as scope: Scope,
        _ create: @Sendable @escaping (Transaction) async throws -> some ResponseGenerator
    ) async throws -> Response {
        guard let claim else {
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
    private func answer(to claim: IdempotencyClaim, _ transaction: Transaction) async throws -> Response? {
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
        _ response: Response, for claim: IdempotencyClaim, _ transaction: Transaction
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

    public var description: String { "idempotency" }

    public func run() async {
        await periodically(
            every: Self.cleanUpInterval, orSay: "outdated answers could not be deleted", to: logger, deleteExpired)
    }

    private func deleteExpired() async throws {
        _ = try await database.query("DELETE FROM \(table) WHERE created_at <= now() - interval '24 hours'")
    }
}
