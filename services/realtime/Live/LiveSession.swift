import EventBus
import FoundationEssentials
import Identity
import Redis
import Synchronization
import WebSockets

/// The dialogue with one socket, in its connection's own task.
struct LiveSession: Sendable {
    let id = UUID()
    let socket: WebSocket
    let organization: UUID
    /// What the socket's path shows.
    let kinds: Set<LiveStream.Kind>
    /// The devices that the user may see; nil for all.
    let visibleDevices: Set<UUID>?
    let rooms: LiveRooms
    let replay: Replay

    /// Says hello once the live tail is in place, and answers the client until either side closes.
    ///
    /// - Throws: `RedisError`.
    func run() async throws {
        let fanOut: FanOut<LiveMember>
        do {
            fanOut = try await rooms.enter(organization)
        } catch is RedisError {
            return socket.close(.tryAgainLater, reason: "live data is not available just now")
        }
        do {
            await fanOut.join(socket) { [kinds, visibleDevices] in
                LiveMember(Subscription(kinds: kinds, visibleDevices: visibleDevices))
            }
            try await socket.send(ServerMessage.hello(id))
            for await message in socket.messages { try await answer(message, fanOut) }
        } catch is WebSocketClosed {
        } catch {
            await rooms.leave(organization, connection: id)
            throw error
        }
        await rooms.leave(organization, connection: id)
    }

    private func answer(_ message: WebSocketMessage, _ fanOut: FanOut<LiveMember>) async throws {
        guard case .text(let text) = message else {
            return try await socket.send(ServerMessage.error("Messages are text."))
        }
        do {
            switch try ClientMessage(text) {
            case .ping:
                try await socket.send(ServerMessage.pong)
            case .unsubscribe:
                await fanOut.update(socket) { member, _ in member.unsubscribe() }
                await rooms.setThrottled(false, id, in: organization)
                try await socket.send(ServerMessage.unsubscribed)
            case .subscribe(let filter, let since):
                try await subscribe(filter, since: since, fanOut)
            }
        } catch let invalid as ClientMessage.Invalid {
            try await socket.send(ServerMessage.error(invalid.detail))
        }
    }

    private func subscribe(
        _ filter: ClientMessage.Filter, since: FrameID?, _ fanOut: FanOut<LiveMember>
    ) async throws {
        let subscription = Subscription(
            kinds: kinds, visibleDevices: visibleDevices, deviceIDs: filter.deviceIDs, sensorTypes: filter.sensorTypes,
            minimumInterval: filter.minimumInterval)
        await rooms.setThrottled(subscription.minimumInterval != nil, id, in: organization)
        // Confirmed on the event loop, so that no frame of the subscription comes before.
        await fanOut.update(socket) { member, writer in
            member.subscribe(subscription)
            if since != nil { member.beginReplay() }
            writer.write(ServerMessage.subscribed)
        }
        if let since { try await catchUp(since, subscription, fanOut) }
    }

    /// Sends what came since, as fast as the client takes it, and goes live where that ends.
    private func catchUp(_ since: FrameID, _ subscription: Subscription, _ fanOut: FanOut<LiveMember>) async throws {
        let beginning = try await replay.begin(after: since, of: organization)
        if !beginning.isComplete { try await socket.send(ServerMessage.lagged(nil)) }
        try await send(beginning.frames, subscription)
        var position = since.entry
        while true {
            let entries = try await replay.entries(after: position, of: organization)
            for entry in entries {
                try await send(entry.frames, subscription)
                position = entry.id
            }
            if entries.isEmpty, await goLive(after: position, fanOut) { return }
        }
    }

    private func send(_ frames: [LiveFrame], _ subscription: Subscription) async throws {
        for frame in frames where subscription.wants(frame) { try await socket.send(frame.frame) }
    }

    private func goLive(after position: StreamID, _ fanOut: FanOut<LiveMember>) async -> Bool {
        // A socket that is gone is not visited; then there is nothing left to catch up with either.
        let isLive = Atomic(true)
        await fanOut.update(socket) { member, _ in
            isLive.store(member.endReplay(through: position), ordering: .relaxed)
        }
        return isLive.load(ordering: .relaxed)
    }
}

extension WebSocketCloseCode {
    /// RFC 6455's registry: the server cannot serve just now.
    static let tryAgainLater = WebSocketCloseCode(rawValue: 1013)
}
