import EventBus
import Foundation
import Postgres
import Redis
import TestKit

@testable import AuthService

extension Newcomer {
    /// Makes an entity and answers its id.
    @discardableResult
    func makeEntity(_ type: String, _ name: String, _ properties: JSONValue = [:]) async throws -> String {
        let response = try await api.post(
            "/api/v1/entities", ["entity_type": .string(type), "name": .string(name), "properties": properties])
        guard response.status == 201, let id = response.json["id"].string else {
            throw UnexpectedAnswer(response: response)
        }
        return id
    }

    /// The names of the entities that a query finds, in its order.
    func names(_ query: String) async throws -> [String] {
        try await api.get("/api/v1/entities" + query).json["items"].array?.compactMap { $0["name"].string } ?? []
    }

    func relate(
        _ source: String, _ target: String, _ type: String, _ properties: JSONValue = [:]
    ) async throws -> TestHTTPResponse {
        try await api.post(
            "/api/v1/relationships",
            [
                "from_entity": .string(source), "to_entity": .string(target), "relationship_type": .string(type),
                "properties": properties,
            ])
    }
}

extension AuthServer {
    /// Somebody who administers the platform.
    func superuser() async throws -> Newcomer {
        let somebody = try await newcomer()
        _ = try await query("UPDATE auth.users SET is_superuser = true WHERE id = \(UUID(uuidString: somebody.id))")
        let tokens = try await somebody.refresh(somebody.refreshToken).json
        guard let access = tokens["access_token"].string, let refresh = tokens["refresh_token"].string else {
            throw CancellationError()
        }
        return Newcomer(
            client: somebody.client, email: somebody.email, id: somebody.id, organizationID: somebody.organizationID,
            accessToken: access, refreshToken: refresh)
    }

    /// Waits until this service has told of `subject` in an event of that type.
    func published(_ type: String, about subject: String) async throws -> Event {
        let redis = RedisClient(try RedisConfiguration(url: database.redisURL))
        let runner = Task { await redis.run() }
        defer { runner.cancel() }
        try await redis.waitUntilConnected()
        return try await eventually { () -> Event? in
            let entries = try await redis.xrange(StreamName.events(.auth), count: 100_000)
            return try entries.map { try Event(json: $0["event"] ?? []) }
                .first { $0.subject == subject && $0.type == type }
        }
    }
}
