import LocalStack
import Redis

/// Redis, and what listens where the gateway should.
struct NetworkChecks: Sendable {
    let redisURL: String?
    let gateway: GatewayClient
    let port: Int

    func findings() async -> [Finding] {
        var findings = [await gatewayFinding()]
        if let redisURL { findings.append(await redisFinding(redisURL)) }
        return findings
    }

    private func gatewayFinding() async -> Finding {
        if isLoopbackPortFree(port) { return .ok("port", "\(port) is free for the gateway") }
        do {
            try await gateway.checkHealth()
            return .ok("gateway", "every service is up behind \(gateway.url)")
        } catch let error as GatewayError where error.status == 503 {
            return .problem(
                "gateway", "some service behind \(gateway.url) is not up",
                advice: "Look at \(gateway.url)/api/v1/system/health, and at the logs in .lms/logs.")
        } catch {
            return .problem(
                "port", "\(port) is taken by another program", advice: "Type: lms up --port, with another port")
        }
    }

    private func redisFinding(_ url: String) async -> Finding {
        do {
            let configuration = try RedisConfiguration(url: url)
            return try await RedisClient(configuration).withConnection { connection in
                try await connection.ping()
                return .ok("Redis", "\(configuration) answers")
            }
        } catch {
            return .problem("Redis", "\(error)", advice: "Check LMS_REDIS_URL and that the server runs.")
        }
    }
}
