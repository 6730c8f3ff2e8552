import Logging
import NIOCore
import NIOPosix
import ServiceKit
import ServiceLifecycle

/// Checks every copy of every service on a timer: whether it is ready, and where its name points now.
struct HealthMonitor: Service {
    let current: CurrentGeneration
    let directory: UpstreamDirectory
    let board: HealthBoard
    let resolver: HostResolver
    let group: any EventLoopGroup
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let generation = current.value
                await check(generation)
                // The pause between two rounds is the purpose; a cancellation ends it early.
                try? await Task.sleep(for: Duration(generation.configuration.healthChecks.interval))
            }
        }
    }

    /// One round over all services of a generation at once.
    func check(_ generation: Generation) async {
        let groups = generation.configuration.upstreams
        let results = await withTaskGroup(of: (Int, ServiceHealth).self) { tasks in
            for index in groups.indices where !groups[index].isRetired {
                tasks.addTask { (index, await check(groups[index], at: index, generation)) }
            }
            return await tasks.reduce(into: [Int: ServiceHealth]()) { $0[$1.0] = $1.1 }
        }
        let last = Dictionary(uniqueKeysWithValues: board.current.map { ($0.name, $0.status) })
        let services = groups.indices.compactMap { results[$0] }
        for service in services where last[service.name] != service.status {
            logger.notice(
                "service changed", metadata: ["upstream": "\(service.name)", "status": "\(service.status.rawValue)"])
        }
        board.update(services, by: generation.number)
    }

    private func check(
        _ upstream: GatewayConfiguration.UpstreamGroup, at index: Int, _ generation: Generation
    ) async -> ServiceHealth {
        let checks = generation.configuration.healthChecks
        let before = directory.copies(of: index)
        let addresses = await resolve(upstream.addresses, known: before, within: checks.timeout)
        var copies = addresses.map { place in
            before.first { $0.address == place.address && $0.name == place.name }
                ?? UpstreamCopy(address: place.address, name: place.name)
        }
        // Requests need not wait for the checks.
        directory.update(group: index, copies, by: generation)
        let results = await withTaskGroup(of: (Int, CheckResult).self) { tasks in
            for (offset, place) in addresses.enumerated() {
                tasks.addTask { (offset, await check(place, within: checks.timeout)) }
            }
            return await tasks.reduce(into: Array(repeating: CheckResult.silent, count: addresses.count)) {
                $0[$1.0] = $1.1
            }
        }
        for (index, result) in results.enumerated() { copies[index].checks.record(result, checks.thresholds) }
        directory.update(group: index, copies, by: generation)
        return ServiceHealth(name: upstream.name, checks: results)
    }

    private func check(_ place: HostResolver.Place, within timeout: TimeAmount) async -> CheckResult {
        let probe = Probe(group: group, timeout: timeout, limit: 64 << 10)
        let start = NIODeadline.now()
        guard let answer = try? await probe.get("/readyz", from: place.address, host: place.name) else {
            return .silent
        }
        let latency = Double((NIODeadline.now() - start).nanoseconds) / 1e6
        return .answered(isReady: answer.status == 200, latency: latency)
    }

    /// Every address that the configured names stand for; a name that cannot be resolved now stands for what it did.
    private func resolve(
        _ listeners: [GatewayConfiguration.Listener], known: [UpstreamCopy], within timeout: TimeAmount
    ) async -> [HostResolver.Place] {
        let found = await withTaskGroup(of: (Int, [HostResolver.Place]?).self) { tasks in
            for (index, listener) in listeners.enumerated() {
                tasks.addTask { (index, await resolver.resolve(listener, within: timeout)) }
            }
            return await tasks.reduce(into: [Int: [HostResolver.Place]]()) { $0[$1.0] = $1.1 }
        }
        return listeners.enumerated().flatMap { index, listener in
            found[index]
                ?? known.filter { $0.name == listener.description }.map {
                    HostResolver.Place(address: $0.address, name: $0.name)
                }
        }
    }
}
