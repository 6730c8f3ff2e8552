import Logging
import ServiceLifecycle

/// When the gateway's file is to be read again, and how.
struct Reloads: Sendable {
    /// Gets an element when it is to be read.
    let requests: AsyncStream<Void>
    /// Reads it; errors name file and line.
    let read: @Sendable () async throws -> GatewayConfiguration
}

/// Reads the gateway's file again when it is asked to, and puts what it says into use without ending anything.
///
/// New upstreams are resolved and checked before the first request can reach them. A file that is wrong changes nothing.
struct ConfigurationReload: Service {
    let reloads: Reloads
    /// What the process has begun with.
    let started: GatewayConfiguration
    let core: GatewayCore
    let monitor: HealthMonitor
    let metrics: ReloadMetrics
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in reloads.requests { await reload() }
        }
    }

    private func reload() async {
        let last = core.current.value
        let next: Generation
        do {
            next = try Generation(
                number: last.number + 1, try await reloads.read().following(last.configuration), metrics: core.metrics)
        } catch {
            metrics.refused()
            logger.error("the configuration is not reloaded; the last one stays", metadata: ["error": "\(error)"])
            return
        }
        core.directory.announce(next)
        await monitor.check(next)
        await core.adopt(next)
        metrics.applied(next)
        for setting in next.configuration.settingsForRestart(since: started) {
            logger.warning("a setting takes effect with a restart alone", metadata: ["setting": "\(setting)"])
        }
        logger.notice(
            "reloaded",
            metadata: ["configuration": "\(next.number)", "routes": "\(next.configuration.routes.count)"])
    }
}
