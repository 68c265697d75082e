import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
} from '../base/shape/class-validator.js';
import { ListQuery } from './list-query.js';

/** The largest amount in a bigint column has 19 digits; 18 digits always fit. */
const ATOMIC_AMOUNT = /^\d{1,18}$/;
const ACCOUNT = /^[A-Za-z0-9_.:@-]{1,128}$/;

/** The body of PATCH: absent keeps a setting, null removes it. */
export class KeyChanges {
  @IsOptional()
  @IsString()
  @Length(1, 200)
  name?: string | null;

  @IsOptional()
  @Matches(ATOMIC_AMOUNT, {
    message: 'budget_limit must be atomic USDC as a decimal string, such as "1000000"',
  })
  budget_limit?: string | null;

  @IsOptional()
  @IsISO8601({ strict: true })
  expires_at?: string | null;

  @IsOptional()
  @IsArray()
  @ArrayMinSize(1, { message: 'allowed_models must name at least one model; leave it out to allow all' })
  @ArrayMaxSize(1000)
  @IsString({ each: true })
  @Length(1, 256, { each: true })
  allowed_models?: string[] | null;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  rate_limit_rpm?: number | null;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  max_concurrent_requests?: number | null;
}

export class NewKey extends KeyChanges {
  @Matches(ACCOUNT, {
    message: 'account must be 1 to 128 letters, digits or any of _ . : @ -',
  })
  account!: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  chain_id?: number | null;
}

export class KeysQuery extends ListQuery {
  @IsOptional()
  @Matches(ACCOUNT, { message: 'account must be the name of an account' })
  account?: string;
}
