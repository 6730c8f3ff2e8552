import Foundation
import Postgres
import TestKit
import Testing

@testable import EventBus

/// What two relays of the same outbox, and one that fails, make of it.
struct OutboxRelayTests {
    private func relay(_ outbox: Outbox, _ bus: Bus) -> OutboxRelay {
        OutboxRelay(outbox: outbox, database: bus.devices, redis: bus.redis, logger: .silent)
    }

    @Test func `two instances publish every event once, those of a subject in the order of its changes`() async throws {
        let (subjects, versions) = (0..<8, 1...150)
        try await withBus { bus, group in
            let instances = (0..<2).map { _ in Outbox(source: .devices) }
            for outbox in instances {
                let relay = relay(outbox, bus)
                group.addTask { try await relay.run() }
            }
            try await withThrowingTaskGroup(of: Void.self) { writers in
                for subject in subjects {
                    writers.addTask {
                        for version in versions {
                            _ = try await bus.tell("\(subject)", version: version)
                            for outbox in instances { outbox.wake() }
                        }
                    }
                }
                try await writers.waitForAll()
            }
            try await bus.waitUntilAllIsRelayed()
            let events = try await bus.published()
            #expect(Set(events.map(\.id)).count == subjects.count * versions.count)
            // Only what fails between publishing and deleting is published again.
            #expect(events.count == subjects.count * versions.count)
            for subject in subjects {
                #expect(events.filter { $0.subject == "\(subject)" }.map(\.subjectVersion) == Array(versions))
            }
        }
    }

    @Test func `a batch that is published and not deleted is published once more, in the same order`() async throws {
        try await withBus { bus, group in
            var sent: [UUID] = []
            for version in 1...30 { sent.append(try await bus.tell("d", version: version).id) }
            try await withClient(bus.administrator) { _ = try await $0.batch(Self.refusalOfOneDeletion) }
            let relay = relay(bus.outbox, bus)
            group.addTask { try await relay.run() }
            try await bus.waitUntilAllIsRelayed()
            #expect(try await bus.published().map(\.id) == sent + sent)
            sent.append(try await bus.tell("d", version: 31).id)
            try await bus.waitUntilAllIsRelayed()
            #expect(try await bus.published().map(\.id) == Array(sent.dropLast()) + sent)
        }
    }

    /// A sequence counts what is rolled back, too.
    private static let refusalOfOneDeletion: [SQL] = [
        "CREATE SEQUENCE core.deletions",
        """
        CREATE FUNCTION core.refuse_first_deletion() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
            'BEGIN IF nextval(''core.deletions'') = 1 THEN RAISE ''refused''; END IF; RETURN NULL; END'
        """,
        """
        CREATE TRIGGER refuse_first_deletion BEFORE DELETE ON core.outbox
            EXECUTE FUNCTION core.refuse_first_deletion()
        """,
    ]
}
