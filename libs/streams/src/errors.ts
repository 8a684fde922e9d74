import { defineErrors } from '@angarium/errors';

/** Codes of the stream client, besides REDIS_UNAVAILABLE and REDIS_REFUSED of @angarium/redis. */
export const StreamErrors = defineErrors({
  STREAM_OUTCOME_UNKNOWN: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'The message was sent to Redis, but no answer came in time: it may be stored or not.',
    cure: 'Publish it again if handling it twice does no harm; with an id of your own it is stored once however often it is sent.',
  },
  STREAM_ID_REFUSED: {
    status: 409,
    blame: 'caller',
    retry: 'never',
    summary: 'The id is not greater than the last one of the stream, or belongs to another message.',
    cure: 'Choose a greater id, or leave the id out.',
  },
  STREAM_ARGUMENT_INVALID: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'An argument of the stream client does not fit.',
    cure: 'Correct the argument that the message names.',
  },
  STREAM_DATA_REFUSED: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'The data cannot be written as JSON.',
    cure: 'Publish plain values: no circular references.',
  },
  STREAM_CONSUMER_EXISTS: {
    status: 409,
    blame: 'caller',
    retry: 'never',
    summary: 'This client consumes the stream under that group and consumer name already.',
    cure: 'Call stopConsumer first, or choose another consumer name.',
  },
  STREAMS_CLOSED: {
    status: 503,
    blame: 'us',
    retry: 'later',
    summary: 'The streams client was disconnected.',
    cure: 'Call connect() before using it again.',
  },
});
