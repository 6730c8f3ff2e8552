import Logging
import Postgres
import Reactor

/// One device: it measures, sends what it measured, and carries out commands.
actor SimulatedDevice {
    private let device: RegisteredDevice
    private let name: String
    private let gateway: GatewayClient
    private let logger: Logger
    private var source: any SignalSource
    private var state: DeviceState
    private var buffer = ReadingBuffer()
    private var startedAt = ContinuousClock.now
    private let measured = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    init(
        _ device: RegisteredDevice, name: String, source: any SignalSource, interval: Double, gateway: GatewayClient,
        logger: Logger
    ) {
        self.device = device
        self.name = name
        self.source = source
        self.gateway = gateway
        self.logger = logger
        state = DeviceState(interval: interval)
    }

    /// Goes on until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.measure() }
            group.addTask { await self.sendReadings() }
            group.addTask { await self.sendReports() }
            group.addTask { await self.obey() }
        }
    }

    // MARK: Measuring

    private func measure() async {
        // Devices that are started together do not measure together.
        var due = ContinuousClock.now.advanced(by: .seconds(Double.random(in: 0...min(state.interval, 5))))
        while !Task.isCancelled {
            let now = ContinuousClock.now
            if now < due {
                // In steps, so that a shorter interval takes effect before a longer one is over.
                try? await Task.sleep(for: min(now.duration(to: due), .milliseconds(500)))
                due = min(due, ContinuousClock.now.advanced(by: .seconds(state.interval)))
                continue
            }
            due = max(due.advanced(by: .seconds(state.interval)), now)
            takeReadings()
        }
    }

    private func takeReadings() {
        guard ContinuousClock.now >= startedAt else { return }
        let time = Timestamp.now
        let measurements = source.sample(at: Double(time.microseconds) / 1_000_000)
        buffer.append(
            measurements.map {
                Reading(sensorType: $0.sensorType, value: $0.value, unit: $0.unit, timestamp: time.rfc3339)
            })
        measured.continuation.yield()
    }

    // MARK: Sending

    private func sendReadings() async {
        var backoff = Backoff(initial: .milliseconds(500), maximum: .seconds(30))
        for await _ in measured.stream {
            while !buffer.isEmpty, !Task.isCancelled {
                let batch = buffer.nextBatch
                do {
                    try await gateway.send(batch, from: device)
                    buffer.acknowledge(batch)
                    backoff.reset()
                } catch let error as GatewayError {
                    await handle(error, of: batch, &backoff)
                } catch {
                    logger.error("\(name): \(error)")
                }
            }
        }
    }

    /// What may work later is kept and sent again; what the gateway will never take is dropped.
    private func handle(_ error: GatewayError, of batch: [Reading], _ backoff: inout Backoff) async {
        if error.status == 422 || error.status == 400 || error.status == 413 {
            logger.warning("\(name): \(batch.count) readings were refused: \(error)")
            buffer.acknowledge(batch)
            return
        }
        logger.debug("\(name): \(buffer.count) readings wait: \(error)")
        if !error.isTemporary { logger.warning("\(name): \(error)") }
        var delay = backoff.next()
        if case .refused(_, _, let seconds?) = error { delay = max(delay, .seconds(min(seconds, 60))) }
        try? await Task.sleep(for: error.isTemporary ? delay : .seconds(30))
    }

    private func sendReports() async {
        while !Task.isCancelled {
            let uptime = startedAt.duration(to: .now).components.seconds
            if uptime >= 0 {
                // A report that is lost is made good by the next one.
                try? await gateway.send(
                    StatusReport(firmwareVersion: state.firmwareVersion, uptime: Int(uptime)), from: device)
            }
            try? await Task.sleep(for: .seconds(60))
        }
    }

    // MARK: Commands

    private func obey() async {
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(30))
        while !Task.isCancelled {
            do {
                for command in try await gateway.commands(for: device, wait: 30) {
                    try await carryOut(command)
                }
                backoff.reset()
            } catch {
                logger.debug("\(name): no commands: \(error)")
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    private func carryOut(_ command: DeviceCommand) async throws {
        try await gateway.report(CommandReport(status: "acknowledged"), on: command, from: device)
        switch state.carryOut(command) {
        case .done:
            break
        case .restart(let seconds):
            startedAt = .now.advanced(by: .seconds(seconds))
            try await Task.sleep(for: .seconds(seconds))
        case .refused(let reason):
            let report = CommandReport(status: "failed", error: reason)
            return try await gateway.report(report, on: command, from: device)
        }
        try await gateway.report(CommandReport(status: "succeeded"), on: command, from: device)
        logger.info("\(name): carried out \(command.commandType)")
    }
}
