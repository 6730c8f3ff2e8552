import EventBus
import Foundation
import FoundationEssentials
import Identity
import Kernel
import Logging
import Redis

/// Tells the others at once what a transaction has committed: the relay, waiting polls, all who keep keys, screens.
///
/// All of it is only faster than what happens anyway: the relay looks by itself, polls and caches read again.
struct Announcer: Sendable {
    /// The channel on which instances are told of a device whose commands are to be looked at; its id is the message.
    ///
    /// One channel for all devices: waiting polls are many and come and go, commands are few.
    static let wakeChannel = "lms:wake:commands"
    /// How long, in seconds, a revoked key might still be known somewhere.
    private static let longestKnown: TimeInterval = 86_400 + 60

    let outbox: Outbox
    let redis: RedisClient
    let waiters: PollWaiters
    let revocations: Revocations
    let logger: Logger

    /// Events were put in the outbox.
    func committed() {
        outbox.wake()
    }

    /// The device has a command to take.
    func queued(for device: UUID) async {
        committed()
        waiters.wake(device)
        await send([.publish(device.text, to: Self.wakeChannel)])
    }

    /// The keys are void.
    func revoked(_ keys: [DeviceKey]) async {
        committed()
        let now = Date()
        let all = keys.map { Revocation(.deviceKey($0.hash), at: now, lifetime: Self.longestKnown) }
        for revocation in all { revocations.insert(revocation) }
        let messages = all.compactMap { try? JSONEncoder().encode($0) }
        await send(messages.map { .publish(Array($0), to: Revocation.channel) })
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
