import EventBus
import Foundation
import FoundationEssentials
import Kernel
import Logging
import Redis

/// Tells others at once what a transaction has committed: the relay, waiting polls, screens.
///
/// The relay and the polls would find it by themselves; a screen that misses a status sees the next one.
struct Announcer: Sendable {
    /// The channel on which instances are told of a device whose commands and configuration are to be looked at; its id is
    /// the message.
    ///
    /// One channel for all devices: waiting polls are many and come and go, commands are few.
    static let wakeChannel = "lms:wake:commands"
    let outbox: Outbox
    let redis: RedisClient
    let waiters: PollWaiters
    let logger: Logger

    /// Events were put in the outbox.
    func committed() {
        outbox.wake()
    }

    /// The devices have a command to take.
    func queued(for devices: [UUID]) async {
        committed()
        await wake(devices)
    }

    /// The device has another configuration.
    func configured(_ device: UUID) async {
        committed()
        await wake([device])
    }

    private func wake(_ devices: [UUID]) async {
        for device in devices { waiters.wake(device) }
        await send(devices.map { .publish($0.text, to: Self.wakeChannel) })
    }

    /// The devices' statuses became other ones.
    func changed(_ changes: [StatusChange]) async {
        guard !changes.isEmpty else { return }
        committed()
        let byOrganization = Dictionary(grouping: changes, by: \.organizationID)
        await send(
            byOrganization.map { organization, changes in
                let frames = changes.compactMap { change in
                    (try? JSONEncoder().encode(change)).map {
                        LiveStream.Frame(deviceID: change.deviceID, json: Array($0))
                    }
                }
                return LiveStream.publish(.deviceStatus, frames, to: organization)
            })
    }

    private func send(_ commands: [RedisCommand]) async {
        guard !commands.isEmpty else { return }
        do {
            _ = try await redis.pipeline(commands)
        } catch {
            logger.debug("others could not be told at once", metadata: ["error": "\(error)"])
        }
    }
}
