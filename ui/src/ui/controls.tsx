// Form controls on React Aria: select, text field, dialog, side drawer, menu button, tabs, switch between a few choices.

import { Check, ChevronDown, X } from "lucide-react";
import type { ReactNode } from "react";
import {
  Button,
  Dialog,
  FieldError,
  Heading,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Modal,
  ModalOverlay,
  Popover,
  Select,
  SelectValue,
  Tab,
  TabList,
  TabPanel,
  Tabs,
  TextArea,
  TextField,
  ToggleButton,
  ToggleButtonGroup,
} from "react-aria-components";
import { useT } from "../i18n";

export interface Choice {
  id: string;
  text: string;
}

interface PickProps {
  label: string;
  choices: Choice[];
  value: string;
  onChange: (value: string) => void;
  hideLabel?: boolean;
  isDisabled?: boolean;
}

/** A select. */
export function Pick({ label, choices, value, onChange, hideLabel, isDisabled }: PickProps) {
  return (
    <Select
      className="field"
      selectedKey={value}
      isDisabled={isDisabled ?? false}
      onSelectionChange={(key) => onChange(String(key))}
      aria-label={hideLabel ? label : undefined}
      placeholder={label}
    >
      {hideLabel ? null : <Label>{label}</Label>}
      <Button className="btn select">
        <SelectValue className="clip" />
        <ChevronDown size={14} aria-hidden />
      </Button>
      <Popover className="popover">
        <ListBox className="menu" items={choices}>
          {(choice) => (
            <ListBoxItem className="menu-item" id={choice.id} textValue={choice.text}>
              {choice.text}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}

interface TextProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  type?: string;
  hint?: string;
  error?: string | undefined;
  required?: boolean;
  autoFocus?: boolean;
  placeholder?: string;
  name?: string;
  autoComplete?: string;
  hideLabel?: boolean;
  multiline?: boolean;
  inputMode?: "numeric" | "url" | "text";
}

/** A text field with label, hint and error. */
export function Text(props: TextProps) {
  const { label, value, onChange, type = "text", hint, error, required, hideLabel, multiline } = props;
  return (
    <TextField
      className="field"
      value={value}
      onChange={onChange}
      type={type}
      isRequired={required ?? false}
      isInvalid={error !== undefined}
      aria-label={hideLabel ? label : undefined}
      {...(props.name ? { name: props.name } : {})}
      {...(props.autoComplete ? { autoComplete: props.autoComplete } : {})}
      {...(props.autoFocus ? { autoFocus: true } : {})}
      validationBehavior="aria"
    >
      {hideLabel ? null : <Label>{label}</Label>}
      {multiline ? (
        <TextArea placeholder={props.placeholder} />
      ) : (
        <Input placeholder={props.placeholder} {...(props.inputMode ? { inputMode: props.inputMode } : {})} />
      )}
      {hint ? <small>{hint}</small> : null}
      <FieldError className="error-text">{error}</FieldError>
    </TextField>
  );
}

interface SheetProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  side?: boolean;
  children: ReactNode;
}

/** A modal dialog, centred or (with `side`) as a drawer at the right. */
export function Sheet({ title, isOpen, onClose, side, children }: SheetProps) {
  const t = useT();
  return (
    <ModalOverlay
      className={side ? "overlay side" : "overlay"}
      isOpen={isOpen}
      isDismissable
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className="dialog">
        <Dialog className="dialog-body">
          <div className="row">
            <Heading slot="title" level={2} className="grow">
              {title}
            </Heading>
            <Button className="btn ghost icon" aria-label={t("action.close")} onPress={onClose}>
              <X size={16} aria-hidden />
            </Button>
          </div>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

interface TabSetProps {
  label: string;
  value: string;
  onChange: (id: string) => void;
  tabs: { id: string; title: ReactNode; body: ReactNode }[];
}

/** Tabs; only the chosen one is mounted. */
export function TabSet({ label, value, onChange, tabs }: TabSetProps) {
  return (
    <Tabs selectedKey={value} onSelectionChange={(key) => onChange(String(key))}>
      <TabList className="tabs-list" aria-label={label}>
        {tabs.map(({ id, title }) => (
          <Tab key={id} id={id} className="tab">
            {title}
          </Tab>
        ))}
      </TabList>
      {tabs.map(({ id, body }) => (
        <TabPanel key={id} id={id} className="tab-panel">
          {body}
        </TabPanel>
      ))}
    </Tabs>
  );
}

interface SegmentsProps {
  label: string;
  choices: Choice[];
  value: string;
  onChange: (id: string) => void;
}

/** A row of buttons of which one is chosen. */
export function Segments({ label, choices, value, onChange }: SegmentsProps) {
  return (
    <ToggleButtonGroup
      className="segments"
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => onChange(String([...keys][0] ?? value))}
    >
      {choices.map(({ id, text }) => (
        <ToggleButton key={id} id={id} className="btn small">
          {text}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}

/** A mark before the chosen item of a menu. */
export function Chosen({ on }: { on: boolean }) {
  return on ? <Check size={14} aria-hidden /> : <span className="menu-gap" />;
}
