import FoundationEssentials
import Kernel
import Logging
import Metrics
import Postgres
import Reactor
import Redis
import ServiceKit
import ServiceLifecycle

/// Applies the events of some streams to the service's own tables: each entry once per service, whichever instance.
///
/// An entry is acknowledged after the transaction that applied it has committed. What a dead instance left pending is
/// claimed by the others. One that fails too often goes to the stream's ``DeadLetters``, with its error. While the
/// database is away nothing counts as a failure: the entry waits, and nobody claims it, since a claim counts as a try.
/// Where events may have been missed, the projection is made anew before a stream is read on: see ``ProjectionRebuild``.
public struct EventConsumer: ServiceLifecycle.Service {
    public typealias Handler = @Sendable (Event, Transaction) async throws -> Void

    /// When an entry that was not acknowledged is tried again, and how often.
    public struct Redelivery: Sendable {
        /// How long it stays with the instance that was given it.
        public var after: Duration
        /// How often it is delivered, the first time included.
        public var maximumDeliveries: Int

        public init(after: Duration = .seconds(10), maximumDeliveries: Int = 5) {
            self.after = after
            self.maximumDeliveries = maximumDeliveries
        }
    }

    private static let batchSize = 100

    private let streams: [String]
    private let group: String
    private let name = UUID.v7().text
    private let rebuild: ProjectionRebuild?
    private let database: PostgresClient
    private let redis: RedisClient
    private let logger: Logger
    private let redelivery: Redelivery
    private let types: Set<String>?
    private let gathering: Duration?
    private let handler: Handler
    private let applied: Counter
    private let failed: Counter
    private let buried: Counter

    /// - Parameters:
    ///   - sources: The services whose events are consumed.
    ///   - consumer: The service that consumes; its name is the consumer group's.
    ///   - types: Which events the handler does something for; it is not given the others. Nil for all.
    ///   - rebuild: Makes anew what was missed; nil where nobody can tell it again.
    ///   - gathering: The pause between reads in which events gather that then share a transaction, for a service that
    ///     is told much; nil for a transaction each, at once.
    ///   - handler: Applies one event in a transaction over all tenants; it must bear the same event twice.
    public init(
        sources: [Kernel.Service], types: Set<String>? = nil, consumer: Kernel.Service, database: PostgresClient,
        redis: RedisClient,
        logger: Logger, redelivery: Redelivery = Redelivery(), rebuild: ProjectionRebuild? = nil,
        gathering: Duration? = nil, handler: @escaping Handler
    ) {
        streams = sources.map(StreamName.events)
        group = consumer.rawValue
        self.database = database
        self.redis = redis
        self.logger = logger
        self.redelivery = redelivery
        self.types = types
        self.rebuild = rebuild
        self.gathering = gathering
        self.handler = handler
        applied = Counter(label: "lms_events_applied", dimensions: [("consumer", group)])
        failed = Counter(label: "lms_events_failed", dimensions: [("consumer", group)])
        buried = Counter(label: "lms_events_dead", dimensions: [("consumer", group)])
    }

    public func run() async throws {
        await persistently(orSay: "events cannot be read; trying again", to: logger) { backoff in
            try await redis.withConnection { connection in
                var opening = StreamOpening(streams)
                try await open(&opening, connection)
                backoff.reset()
                try await consume(&opening, connection)
            }
        }
    }

    private func open(_ opening: inout StreamOpening, _ connection: RedisConnection) async throws {
        let consumers = ConsumerGroup(name: group, consumer: name, rebuild: rebuild, logger: logger)
        for stream in opening.takeDue(at: .now) where try await consumers.open(stream, connection) {
            opening.opened(stream)
        }
    }

    private func consume(_ opening: inout StreamOpening, _ connection: RedisConnection) async throws {
        var nextClaim = ContinuousClock.now
        var pace = ReadPace(gathering ?? .zero)
        while !Task.isCancelled {
            try await open(&opening, connection)
            let pause = opening.untilDue(at: .now).map { min($0, redelivery.after) } ?? redelivery.after
            guard !opening.open.isEmpty else {
                // There is nothing to block on before a stream may be read.
                try await Task.sleep(for: pause)
                continue
            }
            if ContinuousClock.now >= nextClaim {
                try await claimAbandoned(in: opening.open, connection)
                nextClaim = .now + redelivery.after
            }
            try await pace.wait()
            let batches = try await connection.xreadgroup(
                opening.open.map { ($0, .undelivered) }, group: group, consumer: name, count: Self.batchSize,
                block: pause)
            for batch in batches { try await process(batch.entries, of: batch.stream, connection) }
            pace.hasRead(batches.map(\.entries.count).max() ?? 0, ofAtMost: Self.batchSize)
        }
    }

    /// Takes over what has been pending too long, and buries what ended every instance that was given it.
    private func claimAbandoned(in streams: [String], _ connection: RedisConnection) async throws {
        for stream in streams {
            let abandoned = try await connection.xpending(
                stream, group: group, idle: redelivery.after, count: Self.batchSize)
            guard !abandoned.isEmpty else { continue }
            try await waitForDatabase()
            for pending in abandoned {
                // One by one, when it is to be tried; another instance may have been faster.
                let claimed = try await connection.xclaim(
                    stream, group: group, consumer: name, idle: redelivery.after, pending.id)
                guard let entry = claimed else { continue }
                if pending.deliveries >= redelivery.maximumDeliveries {
                    try await bury(entry, of: stream, error: "no instance has come to an end with it", connection)
                } else {
                    try await process(entry, of: stream, connection)
                }
            }
        }
    }

    private func waitForDatabase() async throws {
        var backoff = Backoff()
        while true {
            do {
                _ = try await database.query("SELECT 1")
                return
            } catch let error as PostgresError where error.isUnavailability {
                // Nobody says when the database is back.
                try await Task.sleep(for: backoff.next())
            }
        }
    }

    /// How often the group has been given the entry.
    private func deliveries(
        of entry: StreamEntry, in stream: String, _ connection: RedisConnection
    ) async throws -> Int {
        let pending = try await connection.xpending(stream, group: group, from: entry.id, count: 1)
        return pending.first { $0.id == entry.id }?.deliveries ?? 0
    }

    /// Applies what was read of a stream: together where that is wanted, or else entry by entry, so that one that fails
    /// takes no other with it.
    private func process(_ entries: [StreamEntry], of stream: String, _ connection: RedisConnection) async throws {
        if gathering != nil, entries.count > 1, try await areAppliedTogether(entries) {
            try await connection.xack(stream, group: group, entries.map(\.id))
            applied.increment(by: entries.count)
        } else {
            for entry in entries { try await process(entry, of: stream, connection) }
        }
    }

    /// Tries to apply entries in one transaction; false when it failed. That may be unknown where the connection was lost
    /// at its end, so an entry may be applied again, as always.
    private func areAppliedTogether(_ entries: [StreamEntry]) async throws -> Bool {
        do {
            let events = try entries.map(Self.event).filter(isWanted)
            try await withTransaction { transaction in
                for event in events { try await apply(event, transaction) }
            }
            return true
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.debug("events are applied one by one", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Applies one entry; while the database is away it waits with it, so that the order of a stream is kept.
    private func process(_ entry: StreamEntry, of stream: String, _ connection: RedisConnection) async throws {
        var backoff = Backoff()
        while true {
            do {
                try await apply(entry)
                try await connection.xack(stream, group: group, [entry.id])
                applied.increment()
                return
            } catch let error as PostgresError where error.isUnavailability {
                logger.warning("an event waits for the database", metadata: ["error": "\(error)"])
                // Nobody says when it is back.
                try await Task.sleep(for: backoff.next())
            } catch let error where error is CancellationError || error is RedisError {
                throw error
            } catch {
                return try await fail(entry, of: stream, error: "\(error)", connection)
            }
        }
    }

    private func apply(_ entry: StreamEntry) async throws {
        let event = try Self.event(entry)
        guard isWanted(event) else { return }
        try await withTransaction { try await apply(event, $0) }
    }

    /// Events that share a transaction lock rows in no order of their own, so one copy of the service at a time applies
    /// any: copies would wait for each other in a circle.
    private func withTransaction(_ body: (Transaction) async throws -> Void) async throws {
        try await database.withTransaction(as: .platform) { transaction in
            if gathering != nil {
                try await transaction.query(
                    "SELECT pg_advisory_xact_lock(hashtextextended(\("events of " + group), 0))")
            }
            try await body(transaction)
        }
    }

    private func apply(_ event: Event, _ transaction: Transaction) async throws {
        let cause = event.traceparent.flatMap(TraceContext.init).map { RequestTrace(requestID: nil, trace: $0.child()) }
        try await RequestTrace.$current.withValue(cause) {
            try await handler(event, transaction)
        }
    }

    private func isWanted(_ event: Event) -> Bool {
        types?.contains(event.type) ?? true
    }

    private static func event(_ entry: StreamEntry) throws -> Event {
        try Event(json: entry["event"] ?? [])
    }

    /// Leaves the entry pending for another try, unless this was the last.
    private func fail(
        _ entry: StreamEntry, of stream: String, error: String, _ connection: RedisConnection
    ) async throws {
        failed.increment()
        if try await deliveries(of: entry, in: stream, connection) >= redelivery.maximumDeliveries {
            return try await bury(entry, of: stream, error: error, connection)
        }
        logger.error(
            "an event could not be applied; it stays pending",
            metadata: ["stream": "\(stream)", "entry": "\(entry.id)", "error": "\(error)"])
    }

    private func bury(
        _ entry: StreamEntry, of stream: String, error: String, _ connection: RedisConnection
    ) async throws {
        let letter = DeadLetters.Letter(event: entry["event"] ?? [], entry: entry.id, group: group, error: error)
        try await connection.xadd(StreamName.dead(stream), letter.fields)
        try await connection.xack(stream, group: group, [entry.id])
        buried.increment()
        logger.error(
            "an event failed too often and went to the dead letters",
            metadata: ["stream": "\(stream)", "entry": "\(entry.id)", "error": "\(error)"])
    }
}
