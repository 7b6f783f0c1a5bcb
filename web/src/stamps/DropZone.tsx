/** Where files are dropped. Under it lies a real file input, so that keyboard, screen reader and a phone's file picker all work. */
import { type DragEvent, type ReactElement, type ReactNode, useRef, useState } from 'react'

export interface DropZoneProps {
  readonly hook: string
  readonly title: string
  readonly hint: string
  readonly children?: ReactNode
  readonly onFiles: (files: readonly File[]) => void
}

const hasFiles = (event: DragEvent): boolean => event.dataTransfer.types.includes('Files')

export const DropZone = ({ hook, title, hint, children, onFiles }: DropZoneProps): ReactElement => {
  const [isOver, setIsOver] = useState(false)
  const depth = useRef(0)
  const leave = (): void => {
    depth.current = Math.max(0, depth.current - 1)
    if (depth.current === 0) setIsOver(false)
  }
  const drop = (event: DragEvent): void => {
    event.preventDefault()
    depth.current = 0
    setIsOver(false)
    const files = [...event.dataTransfer.files]
    if (files.length > 0) onFiles(files)
  }
  return (
    <label
      className="drop"
      data-hook={hook}
      data-over={isOver}
      onDragEnter={(event) => {
        if (!hasFiles(event)) return
        event.preventDefault()
        depth.current += 1
        setIsOver(true)
      }}
      onDragOver={(event) => hasFiles(event) && event.preventDefault()}
      onDragLeave={leave}
      onDrop={drop}
    >
      <input
        type="file"
        multiple
        className="unseen"
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])]
          // The same file may be chosen again.
          currentTarget.value = ''
          if (files.length > 0) onFiles(files)
        }}
      />
      <strong>{title}</strong>
      <span>{hint}</span>
      {children}
    </label>
  )
}

export interface FileButtonProps {
  readonly hook: string
  readonly says: string
  readonly onFile: (file: File) => void
}

/** A button that asks for one file. */
export const FileButton = ({ hook, says, onFile }: FileButtonProps): ReactElement => (
  <label className="plain file-button" data-hook={hook}>
    <input
      type="file"
      className="unseen"
      onChange={({ currentTarget }) => {
        const [file] = currentTarget.files ?? []
        currentTarget.value = ''
        if (file !== undefined) onFile(file)
      }}
    />
    {says}
  </label>
)
