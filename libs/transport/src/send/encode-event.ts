import { randomUUID } from 'node:crypto';
import { checkPayload, schemaId, type EncodedEvent, type EventAttributes, type EventContract, type InputOf, type RequestContract } from '@angarium/contracts';
import { childTraceparent, currentContext } from '@angarium/observability';
import { toJson } from '@angarium/streams';

/** Who says it: stamped on every message of a process. */
export interface Source {
  readonly service: string;
  readonly instance: string;
}

export interface EncodeOptions {
  /** The message's id. Sending twice with one id stores it once, within the deduplication window. */
  readonly id?: string;
  /** Messages with the same key keep their order where a handler asks for it. Default: the subject. */
  readonly key?: string;
  readonly correlationId?: string;
  readonly tenant?: string;
}

/**
 * A fact as it goes into a stream or an outbox: payload checked, CloudEvents attributes filled in from the running context.
 * @throws CONTRACT_BROKEN with the path of every bad field.
 */
export function encodeEvent<C extends EventContract>(contract: C, payload: InputOf<C>, source: Source, options: EncodeOptions = {}): EncodedEvent {
  const checked = checkPayload(contract.name, contract.schema, payload);
  const subject = contract.subjectOf(checked);
  return {
    attributes: attributesOf(contract.name, source, { ...options, dataschema: schemaId(contract), subject }),
    data: toJson(checked),
  };
}

/** A question as it goes into a request stream. @throws CONTRACT_BROKEN */
export function encodeRequest<C extends RequestContract>(contract: C, payload: InputOf<C>, source: Source): EncodedEvent {
  const checked = checkPayload(contract.name, contract.schema, payload);
  return { attributes: attributesOf(contract.name, source, { dataschema: schemaId(contract) }), data: toJson(checked) };
}

/** A message without a contract of this system (plain NestJS patterns). */
export function encodeUntyped(type: string, data: unknown, source: Source): EncodedEvent {
  return { attributes: attributesOf(type, source, {}), data: toJson(data) };
}

function attributesOf(type: string, source: Source, given: EncodeOptions & { dataschema?: string; subject?: string }): EventAttributes {
  const context = currentContext();
  const id = given.id ?? randomUUID();
  return {
    specversion: '1.0',
    id,
    source: source.service,
    type,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    ...(given.dataschema === undefined ? {} : { dataschema: given.dataschema }),
    ...(given.subject === undefined ? {} : { subject: given.subject }),
    tenant: given.tenant ?? context?.tenant ?? 'system',
    correlationid: given.correlationId ?? context?.correlationId ?? id,
    // the span that says it: whoever handles it makes a child of it
    traceparent: context?.traceparent ?? childTraceparent(),
    sourceinstance: source.instance,
    ...(given.key === undefined ? {} : { partitionkey: given.key }),
  };
}
