import Logging
import NIOCore
import ServiceKit
import ServiceLifecycle

/// Keeps the merged document in step with what the services serve at `/openapi.yaml`.
struct OpenAPIRefresher: Service {
    /// How old the copy of a service's document gets while the service answers.
    private static let maximumAge = TimeAmount.seconds(60)
    private static let interval = Duration.seconds(2)

    let current: CurrentGeneration
    let directory: UpstreamDirectory
    let document: OpenAPIDocument
    let group: any EventLoopGroup
    let logger: Logger

    private struct Cache {
        var yaml: [Int: String] = [:]
        var fetched: [Int: NIODeadline] = [:]
        /// The number of the generation whose services were merged last.
        var generation = 1
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            var cache = Cache()
            for await _ in Rounds(every: Self.interval) { await refresh(&cache) }
        }
    }

    /// Fetches what is missing or old, and merges again if anything is different.
    private func refresh(_ cache: inout Cache) async {
        let generation = current.value
        var changed = generation.number != cache.generation
        cache.generation = generation.number
        let services = generation.configuration.upstreams
        for (index, service) in services.enumerated() where !service.isRetired {
            if let fetched = cache.fetched[index], fetched + Self.maximumAge > .now() { continue }
            let yaml = await fetch(index, within: generation.configuration.healthChecks.timeout)
            // A service without a document is asked again soon, one that had a document keeps it for a while.
            if yaml != nil { cache.fetched[index] = .now() }
            changed = changed || yaml != cache.yaml[index]
            cache.yaml[index] = yaml
        }
        if changed { merge(cache, services) }
    }

    private func fetch(_ index: Int, within timeout: TimeAmount) async -> String? {
        let copies = directory.copies(of: index)
        guard let copy = copies.first(where: \.isReady) ?? copies.first else { return nil }
        let probe = Probe(group: group, timeout: timeout)
        let answer = try? await probe.get("/openapi.yaml", from: copy.address, host: copy.name)
        guard let answer, answer.status == 200 else { return nil }
        return String(buffer: answer.body)
    }

    private func merge(_ cache: Cache, _ services: [GatewayConfiguration.UpstreamGroup]) {
        var merger = OpenAPIMerger()
        var unavailable: [String] = []
        for (index, service) in services.enumerated() where !service.isRetired {
            let service = service.name
            guard let yaml = cache.yaml[index] else {
                unavailable.append(service)
                continue
            }
            do {
                try merger.add(service: service, yaml: yaml)
            } catch {
                logger.warning("unusable openapi.yaml", metadata: ["upstream": "\(service)", "error": "\(error)"])
                unavailable.append(service)
            }
        }
        document.update(merger.json(version: GatewayVersion.current, unavailable: unavailable))
    }
}
